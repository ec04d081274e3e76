import { Decimal } from "./decimal.ts";

/**
 * Rows as JSON text, as tasks send them to each other: null, booleans, finite numbers, strings, arrays, plain objects,
 * bigints and decimals survive; JSON itself has no word for the last two, so they travel as objects with one reserved
 * key.
 */
const DECIMAL = "$d";
const BIGINT = "$n";
/** Around an object that has a reserved key of its own. */
const PLAIN = "$o";
/**
 * Text of every tagged value's start. It cannot occur inside a JSON string, where a quote is always preceded by a
 * backslash.
 */
const TAG_START = '{"$';

type WireFields = Record<string, unknown>;

/**
 * JSON text of `value`. A property that is undefined is dropped, an undefined array element becomes null, -0 becomes 0.
 * @throws TypeError for what would not survive: NaN, infinities, functions, symbols, instances of classes other than
 * Decimal
 */
export function encodeWire(value: unknown): string {
  if (value === undefined) throw notWire(value);
  return JSON.stringify(tagged(value));
}

/** Back from {@link encodeWire}. @throws SyntaxError if `text` is not JSON */
export function decodeWire(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null && text.includes(TAG_START) ? untagged(value) : value;
}

/**
 * Deep equality of two wire values: decimals by value (1.5 equals 1.50), an undefined property like an absent one,
 * property order ignored. A bigint never equals a number: an integer has one form, a number where that is exact.
 *
 * Rows may hold what is no wire value, as long as no other task is told: NaN equals NaN, and what prints itself as
 * JSON, as a Date does, equals what prints itself so. Any other thing without properties, such as a Map, keeps its
 * value out of sight and equals nothing but itself.
 */
export function wireEquals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    // NaN alone is not itself.
    return a !== a && b !== b;
  }
  if (a instanceof Decimal) return b instanceof Decimal && a.equals(b);
  if (b instanceof Decimal) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((element, index) => wireEquals(element, b[index]));
  }
  if (Array.isArray(b)) return false;
  let matched = 0;
  for (const key of Object.keys(a)) {
    const value = (a as WireFields)[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(b, key) || !wireEquals(value, (b as WireFields)[key])) return false;
    matched++;
  }
  for (const key of Object.keys(b)) if ((b as WireFields)[key] !== undefined) matched--;
  return matched === 0 && ((isPlain(a) && isPlain(b)) || printsAlike(a, b));
}

/** Whether two instances of classes whose properties are equal are equal in what they keep out of sight. */
function printsAlike(a: object, b: object): boolean {
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (typeof (a as { toJSON?: unknown }).toJSON === "function") return JSON.stringify(a) === JSON.stringify(b);
  return Object.keys(a).length > 0;
}

function isPlain(fields: object): boolean {
  const prototype = Object.getPrototypeOf(fields);
  return prototype === Object.prototype || prototype === null;
}

/** `value` itself where JSON.stringify does it justice, else a copy of the levels that hold a tagged value. */
function tagged(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw notWire(value);
      return value;
    case "bigint":
      return { [BIGINT]: value.toString() };
    case "object":
      if (value === null) return null;
      if (value instanceof Decimal) return { [DECIMAL]: value.toString() };
      return Array.isArray(value) ? taggedArray(value) : taggedObject(value as WireFields);
    default:
      throw notWire(value);
  }
}

function taggedArray(values: readonly unknown[]): unknown[] {
  let copy: unknown[] | null = null;
  for (let index = 0; index < values.length; index++) {
    const element = tagged(values[index]);
    if (element === values[index]) continue;
    copy ??= values.slice();
    copy[index] = element;
  }
  return copy ?? (values as unknown[]);
}

function taggedObject(fields: WireFields): WireFields {
  if (!isPlain(fields)) throw notWire(fields);
  let copy: WireFields | null = null;
  let reserved = false;
  // A plain object inherits nothing that counts here; `Object.keys` would make an array for each.
  for (const key in fields) {
    if (key === DECIMAL || key === BIGINT || key === PLAIN) reserved = true;
    const value = fields[key];
    const replaced = tagged(value);
    if (replaced === value) continue;
    copy ??= { ...fields };
    put(copy, key, replaced);
  }
  return reserved ? { [PLAIN]: copy ?? fields } : copy ?? fields;
}

/** Replaces tagged values below `value`, which JSON.parse has just made, in place. */
function untagged(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = untagged(value[index]);
    return value;
  }
  const fields = value as WireFields;
  if (typeof fields[DECIMAL] === "string") return Decimal.parse(fields[DECIMAL]);
  if (typeof fields[BIGINT] === "string") return BigInt(fields[BIGINT]);
  return untaggedFields((fields[PLAIN] ?? fields) as WireFields);
}

/** The properties only: reserved keys of this very object are its own. */
function untaggedFields(fields: WireFields): WireFields {
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (typeof value !== "object" || value === null) continue;
    const replaced = untagged(value);
    if (replaced !== value) put(fields, key, replaced);
  }
  return fields;
}

/** Assignment that a column called `__proto__` survives. */
function put(fields: WireFields, key: string, value: unknown): void {
  if (key !== "__proto__") fields[key] = value;
  else Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
}

function notWire(value: unknown): TypeError {
  const shown = typeof value === "object" ? `an instance of ${value?.constructor?.name ?? "a class"}` : String(value);
  return new TypeError(
    `Cannot encode ${shown} for another task: use null, booleans, finite numbers, strings, bigints, Decimals, ` +
      "arrays, plain objects",
  );
}
