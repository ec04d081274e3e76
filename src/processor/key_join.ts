import { UNKNOWN } from "../record/row.ts";
import { columnAdded } from "./column_added.ts";
import type { Operator, StepOf } from "./operator.ts";

/**
 * Join of two tables on their keys, both of whose rows are in ONE entry. (If the right table's rows are other tasks',
 * the same join is a lookup by the row's own key: `lookup_join.ts`.)
 *
 * Law: of the rows L and R under one key,
 *
 * | mode  | L and R              | L alone                 | R alone                 | neither |
 * | ----- | -------------------- | ----------------------- | ----------------------- | ------- |
 * | inner | L with R as a column | absent                  | absent                  | absent  |
 * | left  | L with R as a column | L with null as a column | absent                  | absent  |
 * | outer | left: L, right: R    | left: L, right: null    | left: null, right: R    | absent  |
 *
 * It keeps no state and needs no index: a change of either side marks the entry, and the entry has both. If one side is
 * UNKNOWN the result is UNKNOWN, whatever the other side is. The result is a new row: L and R may have other readers.
 */
export function keyJoin({ mode, left, right, column, leftColumn }: StepOf<"pair">): Operator {
  const withColumn = columnAdded(column);
  return (registers) => {
    const leftRow = registers[left];
    const rightRow = registers[right];
    if (leftRow === UNKNOWN || rightRow === UNKNOWN) return UNKNOWN;
    if (mode === "outer") {
      return leftRow === null && rightRow === null ? null : { [leftColumn!]: leftRow, [column]: rightRow };
    }
    if (leftRow === null || (rightRow === null && mode === "inner")) return null;
    return withColumn(leftRow, rightRow);
  };
}
