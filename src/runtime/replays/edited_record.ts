import type { Bytes } from "../../ports/log.ts";
import { didYouMean } from "../../record/nearest.ts";
import { isRawObject, parseRaw } from "../../record/raw_json.ts";
import type { LetterEdit } from "./replay.ts";

/** An edit that a record cannot have. */
export class EditError extends TypeError {
  override readonly name = "EditError";
  /** The message without what it quotes of the record. */
  readonly brief: string;

  constructor(message: string, options: ErrorOptions & { readonly brief?: string } = {}) {
    super(message, options);
    this.brief = options.brief ?? message;
  }
}

/** A record's content. */
export interface Content {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
}

/**
 * The record as it is after the edit. Columns are set in the row that an envelope has as `after`, or in the value if
 * that is the row itself; all other values keep their digits. `columns`: what its reader takes of the row; a column
 * that neither it nor the record has is a mistake, of which nobody would be told once the record can be read. Null:
 * any.
 * @throws EditError for an edit that this record cannot have
 */
export function edited(
  content: Content,
  edit: LetterEdit | null,
  { columns = null }: { readonly columns?: readonly string[] | null } = {},
): Content {
  if (edit === null) return content;
  const { key = content.key, value = content.value, set } = edit;
  return { key, value: set === undefined ? value : withColumns(value, { set, columns }) };
}

function withColumns(
  value: Bytes | null,
  { set, columns }: { readonly set: Readonly<Record<string, unknown>>; readonly columns: readonly string[] | null },
): string {
  if (value === null) throw new EditError("Cannot set columns of a record without a value: give the whole value");
  const text = textOf(value);
  if (text === null) throw new EditError("Cannot set columns of a value that is no UTF-8: give the whole value");
  const root = parsed(text);
  if (!isRawObject(root)) {
    throw new EditError("Cannot set columns of a value that is no JSON object: give the whole value");
  }
  const row = rowIn(root);
  if (!isRawObject(row)) {
    throw new EditError('Cannot set columns: the record has no row as "after". Give the whole value');
  }
  if (columns !== null) checkNames(Object.keys(set), { row, read: columns });
  Object.assign(row, set);
  return JSON.stringify(root);
}

/** What a value has as its row, where its columns are set: of an envelope its `after`, else the value itself. */
export function rowIn(root: Readonly<Record<string, unknown>>): unknown {
  const envelope = isRawObject(root.payload) && "schema" in root ? root.payload : root;
  return "after" in envelope ? envelope.after : envelope;
}

/** `read`: what the record's reader takes of it. */
function checkNames(
  names: readonly string[],
  { row, read }: { readonly row: Readonly<Record<string, unknown>>; readonly read: readonly string[] },
): void {
  const known = [...new Set([...read, ...Object.keys(row)])];
  for (const name of names) {
    if (known.includes(name)) continue;
    const said = `Cannot set "${name}": the record has no such column, and none is read`;
    throw new EditError(`${said}: there are ${known.join(", ")}${didYouMean(name, known)}`, {
      brief: `${said}: read are ${read.join(", ")}${didYouMean(name, read)}`,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return parseRaw(text);
  } catch (error) {
    throw new EditError(
      `Cannot set columns of a value that is no JSON (${(error as Error).message}): give the whole value`,
      { cause: error, brief: "Cannot set columns of a value that is no JSON: give the whole value" },
    );
  }
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
