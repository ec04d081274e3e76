import type { Bytes } from "../../ports/log.ts";
import type { LetterEdit } from "./replay.ts";

/** A record's content. */
export interface Content {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
}

/** What TypeScript's library does not know of JSON yet. */
interface ExactJson {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const EXACT = JSON as unknown as ExactJson;
type Fields = Record<string, unknown>;

/**
 * The record as it is after the edit. Columns are set in the row that an envelope has as `after`, or in the value if
 * that is the row itself; all other values keep their digits.
 * @throws TypeError for an edit that this record cannot have
 */
export function edited(content: Content, edit: LetterEdit | null): Content {
  if (edit === null) return content;
  const { key = content.key, value = content.value, set } = edit;
  return { key, value: set === undefined ? value : withColumns(value, set) };
}

function withColumns(value: Bytes | null, set: Readonly<Record<string, unknown>>): string {
  if (value === null) throw new TypeError("Cannot set columns of a record without a value: give the whole value");
  const text = textOf(value);
  if (text === null) throw new TypeError("Cannot set columns of a value that is no UTF-8: give the whole value");
  const root = parsed(text);
  if (!isFields(root)) {
    throw new TypeError("Cannot set columns of a value that is no JSON object: give the whole value");
  }
  const envelope = isFields(root.payload) && "schema" in root ? root.payload : root;
  const row = "after" in envelope ? envelope.after : envelope;
  if (!isFields(row)) throw new TypeError('Cannot set columns: the record has no row as "after". Give the whole value');
  Object.assign(row, set);
  return JSON.stringify(root);
}

function parsed(text: string): unknown {
  try {
    return parseExact(text);
  } catch (error) {
    throw new TypeError(
      `Cannot set columns of a value that is no JSON (${(error as Error).message}): give the whole value`,
      { cause: error },
    );
  }
}

/** JSON whose numbers are written again with the digits that they have. @throws SyntaxError */
export function parseExact(text: string): unknown {
  return EXACT.parse(
    text,
    (_name, value, { source }) => typeof value === "number" ? EXACT.rawJSON(source ?? String(value)) : value,
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !EXACT.isRawJSON(value);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text that the bytes are; null if they are none. */
export function textOf(bytes: Bytes): string | null {
  if (typeof bytes === "string") return bytes;
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
