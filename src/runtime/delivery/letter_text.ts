import type { Bytes } from "../../ports/log.ts";
import { type Key, keyParts } from "../../record/key.ts";

/** UTF-16 units of JSON that are made of what a callback was given: a little more than is kept. */
export const RECORD_LENGTH_MAX = 65_537;

/** Where Weir's own files are, and where a project that has it as its `src/` lies. */
const OWN = new URL("../../", import.meta.url).href;
const PROJECT = new URL("../../../", import.meta.url).href;
/** A frame of V8's stack with a place in a file. */
const FRAME = /^\s*at .*:\d+:\d+\)?$/;

/** A key as JSON with its columns by name; as an array if the names do not fit. */
export function keyByName(columns: readonly string[], key: Key): string {
  const parts = keyParts(key);
  if (columns.length !== parts.length) return `[${parts.join(",")}]`;
  return `{${parts.map((part, index) => `${JSON.stringify(columns[index])}:${part}`).join(",")}}`;
}

/** What a callback was given, as JSON; what JSON has no word for as text. Null if there was nothing. */
export function rowText(row: unknown): string | null {
  if (row === undefined) return null;
  try {
    const text = JSON.stringify(row, (_name, value) => typeof value === "bigint" ? String(value) : value) ?? null;
    return text === null ? null : text.slice(0, RECORD_LENGTH_MAX);
  } catch (error) {
    return `(cannot be written as JSON: ${error instanceof Error ? error.message : error})`;
  }
}

/**
 * Where something was thrown: the frames of an error's stack that lie neither in Weir's own files nor in Deno's, one a
 * line, innermost first. Files of this project are told from its root. Null if there is none.
 */
export function placesOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return null;
  // A message may have lines that look like places.
  const header = `${thrown.name}: ${thrown.message}`;
  const stack = thrown.stack.startsWith(header) ? thrown.stack.slice(header.length) : thrown.stack;
  const frames = stack.split("\n").filter((line) =>
    FRAME.test(line) && !line.includes(OWN) && !/\(?(ext|node):/.test(line)
  );
  if (frames.length === 0) return null;
  return frames.map((line) => line.trim().replaceAll(PROJECT, "").replaceAll("file:///", "/")).join("\n");
}

/** What bytes are as text, whatever they are: what is no UTF-8 is U+FFFD. `length`: bytes, or characters of a text. */
export function textOf(bytes: Bytes | null, length = Infinity): string | null {
  if (bytes === null) return null;
  return typeof bytes === "string" ? bytes.slice(0, length) : new TextDecoder().decode(bytes.subarray(0, length));
}
