import { UNKNOWN } from "../record/row.ts";
import { failed, type Operator, type OperatorContext, type StepOf } from "./operator.ts";

/**
 * Law: the input while `predicate` holds for it, else absent. It keeps no state: whether the row passed before is not
 * asked, since the outputs know what they show. UNKNOWN stays UNKNOWN: nothing is taken back before the partner
 * answered.
 *
 * The row that passes is the input itself, not a copy. A predicate that throws makes the row absent. `filterNot` is
 * this step with the opposite predicate: absent and UNKNOWN are never asked, and what throws is absent from both.
 */
export function filter(step: StepOf<"filter">, context: OperatorContext): Operator {
  const { input, predicate, name } = step;
  const { keys, keyValue } = context;
  return (registers, entry) => {
    const value = registers[input];
    if (value === UNKNOWN || value === null) return value;
    try {
      return predicate(value, keyValue(keys.keyOf(entry))) ? value : null;
    } catch (cause) {
      return failed(context, name, { entry, row: value, cause });
    }
  };
}
