import { Decimal } from "./decimal.ts";

/**
 * An event's value or key as JSON for other programs: integers with all their digits, decimals as texts of theirs
 * (`"12.50"`, as Debezium writes them with `decimal.handling.mode=string`). Properties that are undefined are left out.
 * @throws TypeError for what JSON has no word for: NaN and infinities, bytes, functions, instances of other classes
 */
export function eventJson(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "bigint":
      return String(value);
    case "number":
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw notJson(String(value));
    case "object":
      return value === null ? "null" : objectJson(value);
    default:
      throw notJson(typeof value);
  }
}

function objectJson(value: object): string {
  if (value instanceof Decimal) return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map((item) => eventJson(item ?? null)).join()}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notJson(`a ${value.constructor.name}`);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${eventJson(field)}`).join()}}`;
}

function notJson(what: string): TypeError {
  return new TypeError(
    `Cannot write ${what} as JSON: make it a text, a finite number, a truth value, null, or an array or object of ` +
      "these",
  );
}
