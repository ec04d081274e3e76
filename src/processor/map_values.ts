import { UNKNOWN } from "../record/row.ts";
import { failed, type Operator, type OperatorContext, type StepOf } from "./operator.ts";

/**
 * Law: `mapper` of the input, under the same key; absent and UNKNOWN stay what they are. It keeps no state and no
 * earlier result, so the mapper must be a function of row and key alone: with a clock or a counter in it, every
 * evaluation would look like a change.
 *
 * The mapper is given the input itself and must not change it: it may be a source's row, which other evaluations read.
 * A mapper that throws, or returns no object, makes the row absent.
 */
export function mapValues(step: StepOf<"map">, context: OperatorContext): Operator {
  const { input, mapper, name } = step;
  const { keys, keyValue } = context;
  return (registers, entry) => {
    const value = registers[input];
    if (value === UNKNOWN || value === null) return value;
    try {
      const row = mapper(value, keyValue(keys.keyOf(entry)));
      if (row === null || typeof row !== "object") {
        throw notRow(name);
      }
      return row;
    } catch (cause) {
      return failed(context, name, { entry, row: value, cause });
    }
  };
}

/** The mapper of this name returned no object. */
export function notRow(name: string): TypeError {
  return new TypeError(`mapValues of "${name}" must return an object`);
}
