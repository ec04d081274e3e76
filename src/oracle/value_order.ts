import type { AnyRow } from "../dsl/logical.ts";
import { Decimal } from "../record/decimal.ts";
import { compareText } from "../record/text_order.ts";

/** Whether a value has a place among numbers or texts. */
export function isOrdered(value: unknown): boolean {
  return typeof value === "string" || typeof value === "bigint" || value instanceof Decimal || Number.isFinite(value);
}

/** Numbers by value, texts by code point. @throws TypeError for a number beside a text */
export function order(a: AnyRow, b: AnyRow): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "string" || typeof b === "string") throw new TypeError("numbers and texts have no common order");
  if (a instanceof Decimal || b instanceof Decimal) {
    return (a instanceof Decimal ? a : Decimal.of(a)).compare(b instanceof Decimal ? b : Decimal.of(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
