import type { DeadLetter } from "../../ports/dead_letters.ts";
import { type Key, parseKeyText } from "../../record/key.ts";
import { DIRTY } from "../../state/entries.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { Instance } from "../lifecycle/instance.ts";
import type { TaskHost } from "../lifecycle/task_host.ts";
import type { Task } from "../task/task.ts";
import { failed, refused, replayed, type ReplayRequest, type ReplayResult } from "./replay.ts";

const LOOK_MS = 20;
const EVALUATED_MS_MAX = 10_000;

/** A row of a task that runs. */
interface TaskRow {
  readonly host: TaskHost;
  readonly task: Task;
  readonly key: Key;
  readonly entry: Slot;
}

/**
 * Evaluates a row again that a callback, the encoder or ClickHouse has refused. The row is a function of the source's
 * rows, so it is not edited: what would be shown then nobody could compute from the source.
 */
export async function evaluateAgain(instance: Instance, { letter, edit }: ReplayRequest): Promise<ReplayResult> {
  if (edit !== null) {
    return refused(
      "It is a row that was computed, so nothing of it can be edited: correct its rows in the source database, or " +
        "the topology, whose next start evaluates everything again",
    );
  }
  const row = rowOf(instance, letter);
  if ("outcome" in row) return row;
  if (letter.stage === "sink") {
    const sink = row.task.sinks.find(({ plan }) => `sink ${plan.name}` === letter.operator);
    if (sink === undefined) return refused(`Nothing is written to ${letter.operator} any more`);
    if (sink.shows(row.entry)) {
      return refused(
        "What was shown before a start is left as it is while its row is refused: the next start tries again",
      );
    }
    // What was refused is forgotten: it is offered again as if it were another row.
    sink.show(row.entry, null);
  }
  row.task.queue.mark(row.entry);
  instance.busy.add(row.host);
  instance.wake();
  if (!await isEvaluated(row, instance)) {
    return failed(
      "It was not evaluated in time, as the task has much to do: it will be, and the letter says then what came of it",
    );
  }
  return letter.stage === "sink" ? await offered(row, { instance, letter }) : evaluated(row, letter);
}

function rowOf({ hosts }: Instance, { task: id, subject, operator }: DeadLetter): TaskRow | ReplayResult {
  const host = id === null ? undefined : hosts.get(id);
  if (host === undefined) {
    return refused(
      `Task "${id}" is not on this instance: ask the one that has it (--url), which evaluates the row again`,
    );
  }
  const { task } = host;
  if (task === null || !task.complete) {
    return refused(
      `Task "${id}" is starting, and evaluates everything again: try once it runs, if the letter is still open`,
    );
  }
  const key = subject === null ? null : parseKeyText(subject);
  const entry = key === null ? NO_SLOT : task.entries.keys.find(key);
  if (key === null || entry === NO_SLOT) {
    return refused(`It is about no row of "${id}" now: "${operator}" tells by itself when it no longer applies`);
  }
  return { host, task, key, entry };
}

async function isEvaluated({ task, key, entry }: TaskRow, { ports: { clock } }: Instance): Promise<boolean> {
  const deadlineMs = clock.nowMs() + EVALUATED_MS_MAX;
  const waits = () => task.entries.keys.find(key) === entry && task.entries.is(entry, DIRTY);
  while (!task.closed && waits()) {
    if (clock.nowMs() > deadlineMs) return false;
    await clock.sleep(LOOK_MS);
  }
  return !task.closed;
}

function evaluated({ task, key }: TaskRow, { operator }: DeadLetter): ReplayResult {
  if (!task.refusals.isRefused(operator, key)) return replayed("The row was evaluated again without the error");
  return failed(
    `"${operator}" refused the row once more. Correct its rows in the source database, or the topology, whose next ` +
      "start evaluates everything again",
  );
}

async function offered(
  { task, key }: TaskRow,
  { instance: { writers }, letter: { operator } }: { readonly instance: Instance; readonly letter: DeadLetter },
): Promise<ReplayResult> {
  const sink = task.sinks.find(({ plan }) => `sink ${plan.name}` === operator)!;
  await writers.get(sink.plan.name)!.barrier();
  if (![...sink.refusedKeys()].includes(key)) return replayed("ClickHouse has taken the row");
  return failed("ClickHouse refused the row once more: correct the table, or the row in the source database");
}
