import { agingOf } from "../../plan/aging.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import { EXPIRED } from "../../state/entries.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { Task } from "../task/task.ts";

/**
 * Of keys that a start would delete from a sink, those that are not explained by time: a topology that did not run for
 * a month has a month of rows that expired meanwhile, and its start must not be stopped for them. Whatever a source no
 * longer has is never explained. Rows that expired are known one by one; where rows of another table expire, which
 * these were joined with or made of, every row may be missing that its own source still has. Of a group it is not known
 * whose rows it had, but each that is gone needs one that explains it.
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
  const aging = agingOf(plan, { table, step });
  if (aging === "never") return keys;
  const explains = (entry: Slot) => aging === "own" ? entries.is(entry, EXPIRED) : entries.hasRow(entry);
  if (rows === undefined) return keys.slice(count(entries.keys.used(), explains));
  return keys.filter((key) => {
    const entry = entries.keys.find(key);
    return entry === NO_SLOT || !explains(entry);
  });
}

function count(entries: Iterable<Slot>, counts: (entry: Slot) => boolean): number {
  let sum = 0;
  for (const entry of entries) if (counts(entry)) sum++;
  return sum;
}
