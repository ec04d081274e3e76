import { compareText } from "./text_order.ts";

/** Objects and arrays that may stand in each other; ClickHouse takes about 140 arrays. */
const DEPTH_MAX = 100;
/** Integers that ClickHouse's JSON has: those of Int64 and UInt64. */
const INTEGERS = [-(1n << 63n), (1n << 64n) - 1n] as const;

/** Why a value cannot be one of a JSON column. */
class Unfit extends Error {}

/**
 * JSON text of a value for a JSON column: an object, or the text of one. ClickHouse keeps paths and their values, so
 * members are sorted by name, and those that are null or an object without members are left out: the column gives NULL
 * for them as for a member that was never there.
 *
 * @returns the text; or the reason why ClickHouse would show another object, in `unfit`
 */
export function jsonObjectText(value: unknown): string | { readonly unfit: string } {
  try {
    const object = typeof value === "string" ? parsed(value) : value;
    if (!isObject(object)) return { unfit: "it is no object. Wrap it in one, or declare String" };
    return objectText(object, 1) ?? "{}";
  } catch (error) {
    if (error instanceof Unfit) return { unfit: error.message };
    throw error;
  }
}

/** A text that {@link jsonObjectText} gave, or that ClickHouse shows: integers beyond 2^53 as bigints. */
export function parseJsonObject(text: string): unknown {
  return JSON.parse(text, shownNumber as (key: string, value: unknown) => unknown);
}

/** ClickHouse shows some floats as bare digits; those of its integers have 64 bits. */
function shownNumber(_key: string, value: unknown, { source }: { source: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value;
  return isInteger64(BigInt(source)) ? BigInt(source) : value;
}

function isInteger64(value: bigint): boolean {
  return value >= INTEGERS[0] && value <= INTEGERS[1];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unfit("the text is no JSON");
    throw error;
  }
}

/** Integers with all their digits; a fraction as the double that it names, unless that is another number. */
function exactNumber(_key: string, value: unknown, { source }: { source: string }): unknown {
  if (typeof value !== "number") return value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  if (sameNumber(source, String(value))) return value;
  throw new Unfit(`the number ${source} has more digits than a Float64. Write it as a text`);
}

/** Whether two texts of numbers have the same digits and the same magnitude. */
function sameNumber(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => {
    const [mantissa, exponent = "0"] = text.toLowerCase().replace(/^-/, "").split("e");
    const [whole, fraction = ""] = mantissa.split(".");
    const digits = (whole + fraction).replace(/^0+/, "");
    const short = digits.replace(/0+$/, "");
    return short === "" ? "0" : `${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
  });
  return left === right;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Null for an object without members. */
function objectText(object: Readonly<Record<string, unknown>>, depth: number): string | null {
  if (depth > DEPTH_MAX) throw new Unfit(`it is nested more than ${DEPTH_MAX} deep. Declare String`);
  const members: string[] = [];
  for (const name of Object.keys(object).sort(compareText)) {
    if (name.includes(".")) {
      throw new Unfit(
        `the name ${JSON.stringify(name)} has a dot, which is a path there. Map the name, or declare String`,
      );
    }
    const value = object[name];
    const text = isObject(value) ? objectText(value, depth + 1) : valueText(value, depth);
    if (text !== null) members.push(`${textOf(name)}:${text}`);
  }
  return members.length === 0 ? null : `{${members.join(",")}}`;
}

/** Null for null, and for what a member of an object cannot be told from. */
function valueText(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
      return String(value);
    case "string":
      return textOf(value);
    case "number":
      return numberText(value);
    case "bigint":
      if (isInteger64(value)) return String(value);
      throw new Unfit(`the integer ${value} has more than 64 bits. Write it as a text`);
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return arrayText(value, depth + 1);
  }
  throw new Unfit(`${typeof value} ${String(value)} is no value of JSON. Map it to one`);
}

/** A double beyond 64 bits with an exponent, as its bare digits would be taken for an integer. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new Unfit(`${value} is no number of JSON. Map it to null`);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return String(value);
  if (!isInteger64(BigInt(value))) return value.toExponential();
  throw new Unfit(`the integer ${value} is beyond 2^53, where a number is not exact. Use a bigint or a text`);
}

function textOf(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text);
  throw new Unfit("half a character (a lone surrogate) stands in it. Repair the text at the source");
}

function arrayText(array: readonly unknown[], depth: number): string {
  checkMixture(array);
  return elementsText(array, depth);
}

function elementsText(array: readonly unknown[], depth: number): string {
  if (depth > DEPTH_MAX) throw new Unfit(`it is nested more than ${DEPTH_MAX} deep. Declare String`);
  const elements = array.map((element) => {
    if (isObject(element)) return objectText(element, depth + 1) ?? "{}";
    return Array.isArray(element) ? elementsText(element, depth + 1) : valueText(element, depth) ?? "null";
  });
  return `[${elements.join(",")}]`;
}

/**
 * ClickHouse gives all elements of an array one type, also within arrays of arrays, and takes the type of another row's
 * array at this path if it can: null beside an array becomes an empty one, and an integer may become a Float64.
 */
function checkMixture(array: readonly unknown[]): void {
  for (let level = array, depth = 1; level.length > 0 && depth <= DEPTH_MAX; depth++) {
    if (level.some(Array.isArray) && level.some((element) => element === null || element === undefined)) {
      throw new Unfit("null stands beside an array in an array. Map it to an empty array, or declare String");
    }
    const wide = level.find((element) => typeof element === "bigint" && !Number.isSafeInteger(Number(element)));
    if (wide !== undefined) throw new Unfit(`the integer ${wide} in an array may become a float. Write it as a text`);
    level = level.filter(Array.isArray).flat();
  }
}
