import { Decimal } from "../../record/decimal.ts";

/** A value as it can be sent: what has no form there, as NaN, a Date or a Map, becomes a text. */
export function plainValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === null || ["string", "boolean", "bigint", "undefined"].includes(typeof value)) return value;
  if (value instanceof Decimal) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plainValue(field)]));
  }
  return JSON.stringify(value) ?? String(value);
}

/**
 * JSON in which no digit is lost, whoever reads it: integers beyond 2^53 and decimals are texts; all other values are
 * what they are.
 */
export function exactJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    plainValue(value),
    (_name, field) => typeof field === "bigint" ? String(field) : field,
    indent,
  );
}
