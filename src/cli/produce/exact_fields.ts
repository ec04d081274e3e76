import { ConfigError } from "../../record/errors.ts";
import { isRawObject, parseRaw, rawNumber } from "../../record/raw_json.ts";

/** The columns of a row or an envelope; numbers keep the digits with which they were written. */
export type ExactFields = Readonly<Record<string, unknown>>;

/** A line's JSON object. JSON.stringify of what it holds gives its numbers digit by digit. @throws ConfigError */
export function parseFields(text: string): ExactFields {
  let value: unknown;
  try {
    value = parseRaw(text);
  } catch (error) {
    throw new ConfigError([`it is not JSON (${(error as Error).message}). Write one JSON object on each line`], {
      cause: error,
    });
  }
  if (isRawObject(value)) return value;
  throw new ConfigError([`it is ${JSON.stringify(value).slice(0, 40)}. Write one JSON object on each line`]);
}

/** An object as a line's text: digits of bigints stay; a Decimal is a text, as Debezium writes it. */
export function lineOf(fields: object): string {
  return JSON.stringify(fields, (_name, value) => typeof value === "bigint" ? rawNumber(String(value)) : value);
}
