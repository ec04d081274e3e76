import type { Log } from "../../ports/log.ts";
import type { Runner } from "../../runtime/runner.ts";

/** What is not applied yet, one line each; empty when everything that is in the log shows in ClickHouse. */
export async function unfinished(runner: Runner | null, log: Log): Promise<string[]> {
  if (runner === null || !runner.ready) return ["not all tasks run"];
  const lines: string[] = [];
  const ends = new Map<string, readonly number[]>();
  const endOf = async (topic: string, partition: number) => {
    let end = ends.get(topic);
    if (end === undefined) ends.set(topic, end = (await log.offsets(topic)).end);
    return end[partition];
  };
  let behind = 0;
  let pending = 0;
  for (const host of runner.hosts.values()) {
    for (const [member, topic] of host.topics.entries()) {
      behind += Math.max(0, await endOf(topic, host.partition) - host.positions[member]);
    }
    behind += Math.max(0, await endOf(host.inboxTopic, host.partition) - host.inboxPosition);
    pending += host.task?.pending ?? 0;
  }
  if (behind > 0) lines.push(`${behind} records are not read`);
  if (pending > 0) lines.push(`${pending} rows wait for their partners`);
  if (runner.globals !== null && !runner.globals.reached(await runner.globals.ends())) {
    lines.push("records of global tables are not read");
  }
  if (runner.producer.queuedBytes > 0) lines.push("messages to other tasks are not stored");
  for (const [sink, { pendingRows }] of runner.writers) {
    if (pendingRows > 0) lines.push(`${pendingRows} rows of sink "${sink}" are not acknowledged`);
  }
  return lines;
}

/** Looks that must agree: what a task is about to do with a record shows up as a row or a message within that time. */
const CALM_LOOKS = 3;
const LOOK_EVERY_MS = 50;

/**
 * Resolves when nothing is unfinished in any of `runners` and nothing moved for a moment; at `deadlineMs` with what is left.
 * @returns what is unfinished at the end, by topology; empty when all is at rest
 */
export async function settle(
  runners: () => readonly { readonly name: string; readonly runner: Runner | null }[],
  options: {
    readonly log: Log;
    readonly deadlineMs: number;
    readonly written: () => number;
    readonly signal?: AbortSignal;
  },
): Promise<string[]> {
  const { log, deadlineMs, written, signal } = options;
  let calm = 0;
  let before = -1;
  for (;;) {
    const lines: string[] = [];
    for (const { name, runner } of runners()) {
      lines.push(...(await unfinished(runner, log)).map((line) => `${name}: ${line}`));
    }
    const now = written();
    calm = lines.length === 0 && now === before ? calm + 1 : 0;
    before = now;
    if (calm >= CALM_LOOKS) return [];
    if (Date.now() >= deadlineMs || signal?.aborted) return lines.length > 0 ? lines : ["rows are still being written"];
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
