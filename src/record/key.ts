/**
 * The key of a row. Keys are compared, hashed and stored millions of times, so one column holding a safe integer, by
 * far the commonest key, is that number; every other key is the JSON text of its values in column order, joined by
 * commas (`"a@b.c"`, `9007199254740993`, `7,"EUR"`).
 */
export type Key = number | string;

/** A thing that prints itself as one JSON value, as {@link Decimal} does. */
interface Jsonable {
  toJSON(): string;
}

/** The key made of `values`, one for each key column in the declared order. */
export function keyOf(values: readonly unknown[]): Key {
  const first = values[0];
  if (values.length === 1 && typeof first === "number" && Number.isSafeInteger(first)) return first;
  let text = "";
  for (let index = 0; index < values.length; index++) {
    text += (index === 0 ? "" : ",") + keyValueText(values[index]);
  }
  return text;
}

/** The key of one column, without an array being made for it. */
export function keyOfOne(value: unknown): Key {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : keyValueText(value);
}

/** JSON text of one key value; bigints are bare digits, as Debezium writes them. */
function keyValueText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return "null";
  if (typeof (value as Jsonable).toJSON === "function") return JSON.stringify((value as Jsonable).toJSON());
  throw new TypeError(
    `Cannot use "${typeof value}" as a key: current value is ${String(value)}. Use text, an integer or a boolean`,
  );
}

/** The key's values as JSON texts joined by commas: the canonical text, also of a numeric key. */
export function keyText(key: Key): string {
  return typeof key === "number" ? String(key) : key;
}

/** Back from {@link keyText}: the inverse, so that a key read from a table or a message equals the one written. */
export function parseKeyText(text: string): Key {
  const code = text.charCodeAt(0);
  const numeric = text.length < 17 && (code === 45 || (code >= 48 && code <= 57));
  if (numeric) {
    const value = Number(text);
    if (Number.isSafeInteger(value) && String(value) === text) return value;
  }
  return text;
}

/** The JSON texts of the key's values, one for each column. */
export function keyParts(key: Key): string[] {
  if (typeof key === "number") return [String(key)];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (quoted && code === 92) index++;
    else if (code === 34) quoted = !quoted;
    else if (code === 44 && !quoted) {
      parts.push(key.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(key.slice(start));
  return parts;
}

/** The key as the JSON object that Debezium's JsonConverter writes: `{"id":123}`. Its bytes decide the partition. */
export function keyJson(columns: readonly string[], key: Key): string {
  if (columns.length === 1) return `{${JSON.stringify(columns[0])}:${key}}`;
  const parts = keyParts(key);
  return `{${columns.map((column, index) => `${JSON.stringify(column)}:${parts[index]}`).join(",")}}`;
}
