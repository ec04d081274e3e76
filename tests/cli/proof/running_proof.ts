import { assertEquals } from "@std/assert";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { runMain, type Running, startMain } from "../support.ts";

/** The machine may be busy with other things. */
const SOON_MS = 180_000;

/** What the proof of an instance at an address has found. */
export async function proofOf(address: string): Promise<ContinuousProof> {
  return (await (await fetch(`${address}/api/verify`)).json()).continuous;
}

/** Resolves when the proof has found what is waited for. @throws Error if it has not in time */
export async function untilProof(
  address: string,
  is: (proof: ContinuousProof) => boolean,
  { withinMs = SOON_MS }: { readonly withinMs?: number } = {},
): Promise<ContinuousProof> {
  for (const endMs = Date.now() + withinMs;;) {
    const proof = await proofOf(address);
    if (is(proof)) return proof;
    if (Date.now() > endMs) throw new Error(JSON.stringify(proof));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Starts, and makes sure that nothing is left of it, whatever the test finds. */
export async function withStarted(
  [args, env]: readonly [string[], Record<string, string>],
  use: (running: Running, address: string) => Promise<void>,
): Promise<void> {
  const running = startMain(args, env);
  try {
    const { addresses } = await running.event(({ event }) => event === "listening") as {
      readonly addresses: Record<string, string>;
    };
    await use(running, addresses.metrics);
  } finally {
    try {
      running.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await running.finished;
  }
}

/** Ends it in order. */
export async function ended({ child, finished }: Running): Promise<void> {
  child.kill("SIGTERM");
  assertEquals((await finished).status, 0);
}

/** Runs a statement behind Weir's back. */
export async function altered(directory: string, sql: string): Promise<void> {
  const { status, err } = await runMain(["query", "--data", directory, "--write", sql]);
  assertEquals(status, 0, err);
}
