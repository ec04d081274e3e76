import { Decimal } from "../record/decimal.ts";
import { compareText } from "../record/text_order.ts";
import { encodeWire } from "../record/wire.ts";
import { compareOrdered, type Ordered } from "./multiset.ts";

/** Places of the kinds of values in {@link compareValues}. */
const KINDS = { null: 0, boolean: 1, number: 2, text: 3, other: 4 } as const;

function kindOf(value: unknown): number {
  if (value === null) return KINDS.null;
  if (typeof value === "boolean") return KINDS.boolean;
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Decimal) return KINDS.number;
  return typeof value === "string" ? KINDS.text : KINDS.other;
}

/**
 * One order of all values that a task can tell another: null, false, true, numbers by value, texts by code point, all
 * else by its wire text. Only values of one form are equal (1.5 comes before 1.50), so that what is shown of equal ones
 * does not depend on which came first.
 */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0;
  const kind = kindOf(a);
  const kinds = kind - kindOf(b);
  if (kinds !== 0) return kinds;
  if (kind === KINDS.boolean) return a === false ? -1 : 1;
  if (kind === KINDS.text) return compareText(a as string, b as string);
  if (kind === KINDS.number) {
    const order = compareOrdered(a as Ordered, b as Ordered);
    if (order !== 0) return order;
  }
  return compareText(encodeWire(a), encodeWire(b));
}
