import { Buffer } from "node:buffer";
import type { Snapshots } from "../ports/snapshots.ts";

/** The Snapshots port in memory: the newest published one of each name. */
export function createMemorySnapshots(): Snapshots & { readonly published: Map<string, Uint8Array> } {
  const published = new Map<string, Uint8Array>();
  return {
    published,
    read: (name) => Promise.resolve(published.get(name) ?? null),
    write(name, parts) {
      const bytes = new Uint8Array(Buffer.concat(Array.from(parts, (part) => part.slice())));
      return Promise.resolve({
        publish: () => Promise.resolve(void published.set(name, bytes)),
        discard: () => Promise.resolve(),
      });
    },
  };
}
