import type { EventSpec } from "../dsl/events.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { Topology } from "../dsl/topology.ts";
import type { DeserializationError } from "../record/errors.ts";
import { MASKED } from "../record/mask.ts";
import { isRawObject, parseRaw } from "../record/raw_json.ts";

/** What people are shown of a topic's records, as they lie there: texts, which need not be what they should be. */
export interface RecordMask {
  key(text: string | null): string | null;
  value(text: string | null): string | null;
  /**
   * What was said of columns that are shown; null if it may be about others. `columns`: of which, and nothing that may
   * quote a value.
   */
  error(error: DeserializationError, told?: "all" | "columns"): string | null;
}

/** What one declaration of a topic says of its records. */
interface Declared {
  /** Columns of the value. */
  readonly columns: readonly string[];
  readonly masks: true | readonly string[];
  /** Columns that a key should have; null: it is shown as it is, whatever it is. */
  readonly key: readonly string[] | null;
  readonly masksKey: true | readonly string[];
}

/** Of all topics that a topology reads; null where nothing is masked. */
export function recordMasks({ nodes, streams }: Topology): ReadonlyMap<string, RecordMask | null> {
  const declared = new Map<string, Declared[]>();
  const add = (topic: string, one: Declared) => declared.getOrInsertComputed(topic, () => []).push(one);
  for (const node of nodes) if (node.op === "source") add(node.source.topic, ofSource(node.source));
  for (const node of streams) {
    if (node.op !== "events" || node.source.internal === true) continue;
    const { topic, changes } = node.source;
    add(topic, changes === null ? ofEvents(node.source) : ofSource(changes.source));
  }
  return new Map([...declared].map(([topic, all]) => [topic, all.some(masksAny) ? maskOf(all) : null]));
}

function ofSource({ row, key, mask = [], format }: SourceSpec): Declared {
  const masksKey = mask.filter((column) => key.includes(column));
  const isBare = format?.key === "bare" && masksKey.length === 0;
  return { columns: Object.keys(row.shape), masks: mask, key: isBare ? null : key, masksKey };
}

function ofEvents({ value, key, mask = [], maskKey }: EventSpec): Declared {
  const columns = typeof value === "string" ? [] : Object.keys(value.shape);
  const names = typeof key === "object" && "shape" in key ? Object.keys(key.shape as object) : null;
  const named = names === null || mask === true ? [] : mask.filter((column) => names.includes(column));
  return { columns, masks: mask, key: names, masksKey: maskKey ?? named };
}

function masksAny({ masks, masksKey }: Declared): boolean {
  return masks === true || masks.length > 0 || masksKey === true || masksKey.length > 0;
}

/** Shown is what a declaration of the topic names, and none masks: of columns that none names nobody knows anything. */
function maskOf(declarations: readonly Declared[]): RecordMask {
  const masksAll = declarations.some(({ masks }) => masks === true);
  const masksNone = declarations.every(({ masks }) => masks !== true && masks.length === 0);
  const known = declarations.flatMap(({ columns }) => columns);
  const isShown = (column: string) =>
    known.includes(column) && declarations.every(({ masks }) => masks !== true && !masks.includes(column));
  const masksWholeKey = declarations.some(({ masksKey }) => masksKey === true);
  // A key that is none of the columns' may be anything.
  const isPlainKey = declarations.every(({ key, masksKey }) =>
    key === null && masksKey !== true && masksKey.length === 0
  );
  const isKeyShown = (column: string) =>
    declarations.some(({ key }) => key?.includes(column)) &&
    declarations.every(({ masksKey }) => masksKey !== true && !masksKey.includes(column));
  return {
    value: (text) => text === null || masksNone ? text : masksAll ? MASKED : rowShown(text, isShown),
    key: (text) => text === null || isPlainKey ? text : masksWholeKey ? MASKED : rowShown(text, isKeyShown),
    error({ problems }, told = "all") {
      if (problems === undefined || masksAll) return null;
      const { said, columns } = problems;
      const problemsTold = columns.map(({ path, text, column }) =>
        isShown(column) ? `${path}: ${told === "all" ? text : MASKED}` : MASKED
      );
      return `${said}: ${problemsTold.join("; ")}`;
    },
  };
}

/** The parts of a change that hold rows. */
const ROWS: readonly string[] = ["before", "after"];
/** What Debezium tells of a change beside its rows, where it is what it should be. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  op: /^"[crudt]"$/,
  ts_ms: /^\d{1,20}$/,
  ts_us: /^\d{1,20}$/,
  ts_ns: /^\d{1,20}$/,
};

/** The JSON of a row, or of a change with rows in it; what is neither is hidden. */
function rowShown(text: string, isShown: (column: string) => boolean): string {
  const root = parsed(text);
  if (!isRawObject(root)) return MASKED;
  const body = "schema" in root && isRawObject(root.payload) ? root.payload : root;
  const isChange = ROWS.some((name) => name in body);
  const shown = isChange ? changeShown(body, isShown) : columnsShown(body, isShown);
  return JSON.stringify(body === root ? shown : { payload: shown });
}

function changeShown(change: Record<string, unknown>, isShown: (column: string) => boolean): Record<string, unknown> {
  const shown: [string, unknown][] = [];
  for (const [name, value] of Object.entries(change)) {
    if (ROWS.includes(name)) {
      shown.push([name, value === null ? null : isRawObject(value) ? columnsShown(value, isShown) : MASKED]);
    } else if (Object.hasOwn(PLAIN, name) && PLAIN[name].test(JSON.stringify(value))) shown.push([name, value]);
  }
  return Object.fromEntries(shown);
}

/** Names that nobody declared may tell something themselves. */
function columnsShown(row: Record<string, unknown>, isShown: (column: string) => boolean): Record<string, unknown> {
  const shown = Object.entries(row).filter(([name]) => isShown(name));
  const more = shown.length < Object.keys(row).length ? [[MASKED, MASKED]] : [];
  return Object.fromEntries([...shown, ...more]);
}

function parsed(text: string): unknown {
  try {
    return parseRaw(text);
  } catch {
    return undefined;
  }
}
