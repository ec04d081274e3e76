import type { OutputPlan } from "../../plan/outputs_of.ts";
import type { ShownRow } from "../../ports/warehouse.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { FOREIGN_DIGEST } from "../outputs/shown_digests.ts";
import type { Task } from "./task.ts";

/** Rows that ClickHouse shows in one output of a task. */
export interface ShownBase {
  readonly output: OutputPlan;
  readonly rows: readonly ShownRow[];
}

/** What ClickHouse shows of this task from an earlier epoch. */
export function takeShown(task: Task, { output: { kind, index, sink }, rows }: ShownBase): void {
  for (const row of rows) {
    const key = shownKeyOf(sink, row.key);
    if (kind === "shares") task.shareSinks[index]!.base(key, row.digest);
    else if (task.sinks[index].owns(key)) task.sinks[index].base(task.entryOf(key), row.digest);
  }
}

/** Rows of tasks that no longer exist whose keys are this task's now: written again in its own name, or deleted. */
export function adoptShown(task: Task, { output, rows }: ShownBase): void {
  if (output.kind === "shares") task.shareSinks[output.index]!.adopt(rows);
  else takeShown(task, { output, rows: rows.map((row) => ({ ...row, digest: FOREIGN_DIGEST })) });
}
