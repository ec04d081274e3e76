import { Decimal } from "../../record/decimal.ts";

/** Characters of a text, and items of a list, that are shown. */
const TEXT_MAX = 1_000;
const ITEMS_MAX = 100;

/** A value as it is shown in passing: long texts and lists are cut, and say so. */
export function shortened(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= TEXT_MAX ? value : `${value.slice(0, TEXT_MAX)}... (${value.length} characters)`;
  }
  if (value instanceof Decimal) return value;
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MAX).map(shortened);
    return value.length <= ITEMS_MAX ? items : [...items, `... (${value.length} items)`];
  }
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shortened(field)]));
}
