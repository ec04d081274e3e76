import { type Aging, agingOf } from "../../plan/aging.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { EXPIRED } from "../../state/entries.ts";
import { NO_SLOT } from "../../state/slots.ts";
import type { Task } from "../task/task.ts";

/**
 * Of keys that a start would delete from a sink, those that are not explained by time: a topology that did not run for
 * a month has a month of rows that expired meanwhile, and its start must not be stopped for them. Rows are told apart
 * one by one. Of a group it is not known whose rows it had, but each that is gone needs one that expired. Where rows
 * of another table expire, which these were joined with or made of, all are explained: what is missing there is guarded
 * where that table is shown.
 */
export function notGrownOld(keys: readonly Key[], { plan, task, sink }: {
  readonly plan: PhysicalPlan;
  readonly task: Task;
  /** By name. */
  readonly sink: string;
}): readonly Key[] {
  const { entries, table } = task;
  const rows = table.sinks.find(({ name }) => name === sink);
  const step = rows?.step ?? table.groups.find((group) => group.sink?.name === sink)!.step;
  const aging: Aging = agingOf(plan, { table, step });
  if (aging === "never") return keys;
  if (aging === "others") return [];
  if (rows === undefined) return keys.slice(countExpired(task));
  return keys.filter((key) => {
    const entry = entries.keys.find(key);
    return entry === NO_SLOT || !entries.is(entry, EXPIRED);
  });
}

function countExpired({ entries }: Task): number {
  let count = 0;
  for (const entry of entries.keys.used()) if (entries.is(entry, EXPIRED)) count++;
  return count;
}
