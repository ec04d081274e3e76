import { Decimal } from "../record/decimal.ts";

/** A Decimal counts as the text that it is in JSON. */
export function isLonger(value: unknown, most: number | undefined): boolean {
  if (most === undefined) return false;
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part).length > most;
}

/** Whether a value has a form in which another task can be told it. */
export function hasForm(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null || value instanceof Decimal) return true;
  if (Array.isArray(value)) return value.every(hasForm);
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(hasForm);
}
