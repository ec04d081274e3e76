import { MISSING_TOPICS } from "../../runtime/problems.ts";
import type { Runner, Unfinished, UnfinishedTask } from "../../runtime/runner.ts";

/** What is not applied yet, one line each; empty when everything that is in the log shows in ClickHouse. */
function linesOf({ done, ready, tasks, globalRecords, queuedBytes, sinks }: Unfinished): string[] {
  if (done) return [];
  if (!ready) return ["not all tasks run"];
  const sum = (count: (task: UnfinishedTask) => number) => tasks.reduce((total, task) => total + count(task), 0);
  const unread = sum((task) => task.unread.reduce((total, { position, end }) => total + end - position, 0));
  const pending = sum((task) => task.pendingRows);
  const busy = sum((task) => task.busy ? 1 : 0);
  const unanswered = sum((task) => task.unanswered.reduce((total, { rows }) => total + rows, 0));
  return [
    ...unread > 0 ? [`${unread} records are not read`] : [],
    ...pending > 0 ? [`${pending} rows wait for their partners`] : [],
    ...busy > 0 ? [`${busy} tasks have rows to evaluate`] : [],
    ...unanswered > 0 ? [`${unanswered} rows of other tasks are not known`] : [],
    ...globalRecords > 0 ? ["records of global tables are not read"] : [],
    ...queuedBytes > 0 ? ["messages to other tasks are not stored"] : [],
    ...sinks.map(({ name, rows }) =>
      `${name.startsWith("topic ") ? "The log" : "ClickHouse"} has not confirmed ${rows} rows of sink "${name}" yet`
    ),
  ];
}

/** Looks that must agree: what a task is about to do with a record shows up as a row or a message within that time. */
const CALM_LOOKS = 3;
const LOOK_EVERY_MS = 50;

/**
 * Resolves when nothing is unfinished in any of `runners` and nothing moved for a moment; at `deadlineMs` with what is
 * left. It does not wait for those whose topic is missing, which are among what is left.
 * @returns what is unfinished at the end, by topology; empty when all is at rest
 */
export async function settle(
  runners: () => readonly { readonly name: string; readonly runner: Runner | null }[],
  options: {
    readonly deadlineMs: number;
    readonly written: () => number;
    readonly signal?: AbortSignal;
  },
): Promise<string[]> {
  const { deadlineMs, written, signal } = options;
  let calm = 0;
  let before = -1;
  for (;;) {
    const lines: string[] = [];
    const stalled: string[] = [];
    for (const { name, runner } of runners()) {
      if (runner?.problems.list().some((problem) => problem.name === MISSING_TOPICS)) {
        stalled.push(`${name}: a topic that it reads is missing`);
        continue;
      }
      const left = runner === null ? ["not all tasks run"] : linesOf(await runner.unfinished());
      lines.push(...left.map((line) => `${name}: ${line}`));
    }
    const now = written();
    calm = lines.length === 0 && now === before ? calm + 1 : 0;
    before = now;
    if (calm >= CALM_LOOKS) return stalled;
    if (Date.now() >= deadlineMs || signal?.aborted) {
      return lines.length > 0 ? [...lines, ...stalled] : ["rows are still being written", ...stalled];
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
