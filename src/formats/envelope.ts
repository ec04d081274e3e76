/** A JSON object as parsed. */
export type Fields = Readonly<Record<string, unknown>>;

/** One change: Debezium's operation, and the row after it with the JSON text it stands in. */
export interface Change {
  /** c, r, u, d, t or m; anything else is the producer's. */
  readonly op: string;
  /** The row after the change; null for d, t and m. Not checked yet. */
  readonly after: unknown;
  /** JSON text in which `after` stands, for reading its numbers with all digits... */
  readonly text: string;
  /** ...and the properties that lead to it. */
  readonly path: readonly string[];
  /** True for ExtractNewRecordState's form, whose columns that begin with two underscores are metadata. */
  readonly flattened: boolean;
}

const TOP: readonly string[] = [];
const BEFORE = '{"before":';
const NO_BEFORE = '{"before":null,"after":';
const AFTER = '},"after":';
const SOURCE = ',"source":{';
const OP = ',"op":"';

/**
 * The change in Debezium's own rendering of an envelope, found without parsing `before` and `source`, which are most of
 * it; null if the text is not certainly that: parse it whole then.
 *
 * Why this is certain. A quote directly after a comma cannot stand inside a JSON string, so the keys searched for are
 * keys. The slice after `"after":` is one complete JSON value, for it parses; so the `"source"` after it stands on the
 * same level. That level is the top: directly if `before` is null; otherwise a match inside of `before` (a column
 * called "after") leaves the true `,"after":` behind it, either inside the slice, which then does not parse, or behind
 * the slice, where it is looked for.
 */
export function quickChange(text: string): Change | null {
  if (!text.startsWith(BEFORE) || text.charCodeAt(text.length - 1) !== 125) return null;
  let start = NO_BEFORE.length;
  const bare = text.startsWith(NO_BEFORE);
  if (!bare) {
    const at = text.indexOf(AFTER);
    if (at < 0) return null;
    start = at + AFTER.length;
  }
  const end = text.indexOf(SOURCE, start);
  if (end < 0 || (!bare && text.indexOf(',"after":', end) >= 0)) return null;
  // From the end, where it stands; nothing but times and the transaction's id follows.
  const op = text.lastIndexOf(OP) + OP.length;
  if (op < end || text.charCodeAt(op + 1) !== 34) return null;
  const after = text.slice(start, end);
  try {
    return { op: text[op], after: JSON.parse(after), text: after, path: TOP, flattened: false };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** True if `value` is a change envelope and not a flattened row that happens to have a column called "op". */
function isEnvelope(value: Fields): boolean {
  if (typeof value.op !== "string") return false;
  if (typeof value.source === "object" && value.source !== null) return true;
  return value.source === undefined && Object.hasOwn(value, "after") && typeof value.after === "object";
}

/** The change in a parsed value, which stands under `path` in `text`. */
export function parsedChange(value: Fields, text: string, path: readonly string[]): Change {
  if (isEnvelope(value)) {
    return { op: String(value.op), after: value.after, text, path: [...path, "after"], flattened: false };
  }
  const op = flattenedOp(value);
  return { op, after: op === "u" ? value : null, text, path, flattened: true };
}

/** A flattened delete is told by `__deleted` (a string or a boolean) or by `__op`; the rest are upserts. */
function flattenedOp(row: Fields): string {
  if (row.__deleted === "true" || row.__deleted === true || row.__op === "d") return "d";
  return row.__op === "t" ? "t" : "u";
}

/**
 * What a message is that Debezium writes beside the tables' topics; null for everything else. Told by exact shape,
 * value and key, because a flattened row could have columns of these names.
 */
export function skipReason(value: Fields, keyColumns: () => readonly string[]): "heartbeat" | "transaction" | null {
  const names = Object.keys(value);
  if (names.length === 1 && names[0] === "ts_ms") return keyColumns().join() === "serverName" ? "heartbeat" : null;
  if (names.length !== 5 || (value.status !== "BEGIN" && value.status !== "END")) return null;
  const transaction = names.sort().join() === "data_collections,event_count,id,status,ts_ms";
  return transaction && keyColumns().join() === "id" ? "transaction" : null;
}
