import type { RowTime } from "../dsl/logical.ts";
import { UNKNOWN } from "../record/row.ts";
import { failed, type Operator, type OperatorContext, type StepOf } from "./operator.ts";

/** Time as a program sees it. It stands still while an entry is evaluated. */
export interface Ages {
  /**
   * Whether now is before `dueUs`, microseconds since the epoch; Infinity: for ever. If so, the entry that is being
   * evaluated is evaluated again when that time comes.
   */
  keeps(dueUs: number): boolean;
}

/** When a row is due whose time is `time`. @throws TypeError for what is no time */
export function dueOf(time: unknown, durationUs: number): number {
  if (time === null) return Infinity;
  if ((typeof time === "number" && time === time) || typeof time === "bigint") return Number(time) + durationUs;
  const given = typeof time === "object" ? "an object" : String(time);
  throw new TypeError(`expireAfter() needs microseconds since the epoch, or null: the time of this row is ${given}`);
}

/** What gives a row's time. */
export function timeOf(time: RowTime): (value: Readonly<Record<string, unknown>>, key: unknown) => unknown {
  return typeof time === "function" ? time : (value) => value[time];
}

/**
 * Law: the input while now < its time + the duration, else absent. It keeps no state: what is due, and when, is kept of
 * the entry by whoever runs the program, and follows from its last evaluation alone. UNKNOWN stays UNKNOWN.
 *
 * A row without a time stays. A time that is none, or a function that throws, makes the row absent.
 */
export function expire(step: StepOf<"expire">, context: OperatorContext & { readonly ages: Ages }): Operator {
  const { input, durationUs, name } = step;
  const { keys, keyValue, ages } = context;
  const time = timeOf(step.time);
  return (registers, entry) => {
    const value = registers[input];
    if (value === UNKNOWN || value === null) return value;
    try {
      return ages.keeps(dueOf(time(value, keyValue(keys.keyOf(entry))), durationUs)) ? value : null;
    } catch (cause) {
      return failed(context, name, { entry, row: value, cause });
    }
  };
}
