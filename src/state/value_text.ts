import { Decimal } from "../record/decimal.ts";

/** Reserved key of an object that stands for what JSON has no word for: a letter, then its text. */
const TAG = "$";

type Fields = Record<string, unknown>;

/**
 * Any value of a row as JSON text for a snapshot, exactly: also undefined, NaN, infinities, -0, bigints, decimals with
 * their scale, dates, lone surrogates. (`record/wire.ts` is what tasks tell each other; it need not keep the
 * difference between values that are equal to it.) Holes of an array become undefined.
 * @throws TypeError for functions, symbols, and instances of classes other than Decimal and Date
 */
export function valueText(value: unknown): string {
  return JSON.stringify(tagged(value));
}

/** Back from {@link valueText}. @throws SyntaxError, TypeError, RangeError, LimitError for another text */
export function valueOfText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? untagged(value) : value;
}

function tagged(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tag("n", Object.is(value, -0) ? "-0" : value);
    case "bigint":
      return tag("i", value);
    case "undefined":
      return tag("u", "");
    case "object":
      if (value === null) return null;
      if (value instanceof Decimal) return tag("d", value);
      if (value instanceof Date) return tag("t", value.getTime());
      if (Array.isArray(value)) return Array.from(value, tagged);
      return taggedFields(value as Fields);
    default:
      throw notText(value);
  }
}

function tag(letter: string, value: unknown): Fields {
  return { [TAG]: letter + String(value) };
}

function taggedFields(fields: Fields): Fields {
  const prototype = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null) throw notText(fields);
  const copy = mapped(fields, tagged);
  // An object with the reserved key of its own is one level deeper.
  return Object.hasOwn(fields, TAG) ? { [TAG]: copy } : copy;
}

function untagged(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  const fields = value as Fields;
  const reserved = Object.hasOwn(fields, TAG) ? fields[TAG] : undefined;
  if (typeof reserved === "string") return special(reserved[0], reserved.slice(1));
  return mapped(reserved === undefined ? fields : reserved as Fields, untagged);
}

function special(letter: string, text: string): unknown {
  switch (letter) {
    case "n":
      return Number(text);
    case "i":
      return BigInt(text);
    case "u":
      return undefined;
    case "d":
      return Decimal.parse(text);
    case "t":
      return new Date(Number(text));
    default:
      throw new SyntaxError(`Cannot read "${letter}" as a kind of value: it is none`);
  }
}

/** A copy with other values; `__proto__` is a column as any other. */
function mapped(fields: Fields, other: (value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, other(fields[name])]));
}

function notText(value: unknown): TypeError {
  const shown = typeof value === "object" ? `an instance of ${value?.constructor?.name ?? "no class"}` : String(value);
  return new TypeError(
    `Cannot save ${shown}: use null, booleans, numbers, strings, bigints, Decimals, Dates, arrays, plain objects`,
  );
}
