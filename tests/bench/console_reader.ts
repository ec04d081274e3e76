/**
 * Looks at streams of server-sent events, given as addresses, while it is told `open`, and at none while `closed`; says
 * the same as soon as it is so. In a process of its own: what a browser takes is not Weir's.
 */
import { lines } from "../cli/support.ts";

const readers = new Set<ReadableStreamDefaultReader<Uint8Array>>();

/** Resolves once the first of it has come; the rest is read as it comes. */
async function look(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  const reader = response.body!.getReader();
  await reader.read();
  readers.add(reader);
  readOn(reader);
}

async function readOn(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

async function follow(mode: string): Promise<void> {
  if (mode === "open" && readers.size === 0) await Promise.all(Deno.args.map(look));
  if (mode === "open") return;
  await Promise.all([...readers].map((reader) => reader.cancel()));
  readers.clear();
}

let turn = Promise.resolve();
await lines(Deno.stdin.readable, (mode) => {
  turn = turn.then(() => follow(mode)).then(() => console.log(mode), (error) => console.log(String(error)));
});
await turn;
await follow("closed");
