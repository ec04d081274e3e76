import type { Snapshots } from "../../src/ports/snapshots.ts";
import type { Choices } from "./choices.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** How many of the last snapshots of a name may be met again. */
const OLDER_MAX = 4;

/**
 * Snapshots of all processes in one place, as on a shared directory. A process may die at any point of writing one; and
 * whoever reads one may find an older one, another task's, one that is damaged or cut off, or none.
 */
export class SimulatedSnapshots {
  /** How many were read as they were published last. */
  read = 0;
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  /** By name, the newest first. */
  readonly #published = new Map<string, Uint8Array[]>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#choices = scheduler.choices;
  }

  portFor(owner: Owner): Snapshots {
    const request = <T>(kind: string, run: () => T) => this.#scheduler.request(owner, kind, { run });
    return {
      read: (name) => request("read snapshot", () => this.#found(name)),
      write: async (name, parts) => {
        const written: Uint8Array[] = [];
        const next = parts[Symbol.iterator]();
        // As a disk takes them, while the task goes on.
        for (let ended = false; !ended;) {
          ended = await request("write snapshot", () => {
            if (written.length > 0 || !this.#choices.strikes("no-snapshot", 0.05, () => name)) {
              return takeSome(next, { written, most: this.#choices.below(200) + 1 });
            }
            next.return?.();
            throw new Error("simulated: the disk is full");
          });
        }
        const bytes = joined(written);
        return {
          publish: () => request("publish snapshot", () => this.#publish(name, bytes)),
          discard: () => Promise.resolve(),
        };
      },
    };
  }

  #publish(name: string, bytes: Uint8Array): void {
    this.#published.set(name, [bytes, ...this.#published.get(name) ?? []].slice(0, OLDER_MAX));
  }

  #found(name: string): Uint8Array | null {
    const choices = this.#choices;
    const own = this.#published.get(name) ?? [];
    const strikes = (kind: string, share: number) => choices.strikes(kind, share, () => name);
    if (strikes("lost-snapshot", 0.05)) return null;
    if (strikes("swapped-snapshot", 0.05)) return choices.pick([...this.#published.values(), own])[0] ?? null;
    if (own.length > 1 && strikes("older-snapshot", 0.15)) return choices.pick(own);
    if (own.length > 0 && strikes("damaged-snapshot", 0.05)) return damaged(own[0], choices);
    if (own.length > 0) this.read++;
    return own[0] ?? null;
  }
}

/** Whether there are no more. */
function takeSome(
  parts: Iterator<Uint8Array>,
  { written, most }: { readonly written: Uint8Array[]; readonly most: number },
): boolean {
  for (let count = 0; count < most; count++) {
    const { done, value } = parts.next();
    if (done) return true;
    written.push(value.slice());
  }
  return false;
}

function damaged(bytes: Uint8Array, choices: Choices): Uint8Array {
  const length = choices.chance(0.5) ? bytes.length : choices.below(bytes.length);
  const copy = bytes.slice(0, length);
  if (length > 0) copy[choices.below(length)] ^= 1 << choices.below(8);
  return copy;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
