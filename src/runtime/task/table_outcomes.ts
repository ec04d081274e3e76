import type { TaskTable } from "../../plan/physical.ts";
import { OutcomePatterns } from "../../processor/outcomes.ts";

/** A table is one object of one plan, and so of one run of its topology. */
const PATTERNS = new WeakMap<TaskTable, OutcomePatterns>();

/** What becomes of a table's rows, over all of its tasks: at its steps, its groups and its sinks, in this order. */
export function patternsOf(table: TaskTable): OutcomePatterns {
  return PATTERNS.getOrInsertComputed(
    table,
    ({ steps, groups, sinks }) => new OutcomePatterns(steps.length + groups.length + sinks.length),
  );
}
