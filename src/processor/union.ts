import { UNKNOWN } from "../record/row.ts";
import { failed, type Operator, type OperatorContext, type StepOf } from "./operator.ts";

/**
 * The rows of two tables with the same key, both of whose rows are in ONE entry.
 *
 * Law: of the rows L and R under one key, L alone and R alone are what they are, and neither is absent. Both are
 * absent, too: a table has one row for each key, and to choose one would hide the other. A change of either side marks
 * the entry, so the row that is left is there as soon as the other is gone, whichever came first. If one side is
 * UNKNOWN the result is UNKNOWN.
 */
export function union({ name, left, right }: StepOf<"union">, context: OperatorContext): Operator {
  return (registers, entry) => {
    const leftRow = registers[left];
    const rightRow = registers[right];
    if (leftRow === UNKNOWN || rightRow === UNKNOWN) return UNKNOWN;
    if (leftRow === null || rightRow === null) return leftRow ?? rightRow;
    return failed(context, name, { entry, row: leftRow, cause: twice() });
  };
}

/** Why there is no row of a key that both tables have. */
export function twice(): TypeError {
  return new TypeError(
    "Cannot have a row of each table under one key: neither is there as long as both have it. Filter one of them, or " +
      "give both a key with a column that tells them apart, by selectKey",
  );
}
