import type { ConnectField } from "../../record/connect_field.ts";
import type { Bytes } from "../../ports/log.ts";
import { parsedChange } from "../../formats/envelope.ts";
import { wrappedIn } from "../../formats/schema_wrapper.ts";
import { type Columns, schemaColumns } from "./schema_columns.ts";
import type { PlacedRecord } from "./newest_records.ts";
import type { LeftOut, PulledColumn, PulledTable, RefusedTable } from "./pulled_table.ts";
import { seenType } from "./seen_type.ts";

/** What one topic's records say. */
interface Shown {
  /** Key columns of the records so far; null before the first. */
  key: readonly string[] | null;
  keyProblem: string | null;
  schema: ConnectField | null;
  rows: Record<string, unknown>[];
}

/**
 * A topic as a table, by these records of it: exactly where one has a schema attached, else as far as values tell.
 * Columns keep the order of the records, and the key that of the newest one.
 */
export function shownTable(topic: string, records: readonly PlacedRecord[]): PulledTable | RefusedTable {
  const shown: Shown = { key: null, keyProblem: null, schema: null, rows: [] };
  for (const { record } of records) {
    noteKey(shown, textOf(record.key));
    const value = textOf(record.value);
    if (value !== null) noteValue(shown, value);
  }
  const title = topic.split(".").slice(-2).join(".");
  if (records.length === 0) return { title: topic, why: "its topic has no records" };
  if (shown.key === null) return { title: topic, why: shown.keyProblem ?? "its records have no keys" };
  if (shown.rows.length === 0 && shown.schema === null) {
    return { title: topic, why: "none of its newest records is a row in JSON" };
  }
  const { columns, leftOut } = shown.schema === null ? seenColumns(shown) : schemaColumns(shown.schema);
  const seen = `Seen in the newest ${records.length} records: what others hold is not known, nor what may be null.`;
  return { topic, title, key: shown.key, comments: shown.schema === null ? [seen] : [], columns, leftOut };
}

function noteKey(shown: Shown, text: string | null): void {
  const key = jsonKey(text);
  if ("why" in key) shown.keyProblem ??= key.why;
  else shown.key = key.columns;
}

/** The columns of a key in JSON, or why it has none. */
export function jsonKey(text: string | null): { readonly columns: readonly string[] } | { readonly why: string } {
  if (text === null) return { why: "its records have no keys: it is no table" };
  const parsed = parsedJson(text);
  const key = wrappedIn(parsed)?.payload ?? parsed;
  return typeof key !== "object" || key === null || Array.isArray(key)
    ? { why: "its keys are no JSON objects: set key.converter=org.apache.kafka.connect.json.JsonConverter" }
    : { columns: Object.keys(key) };
}

function noteValue(shown: Shown, text: string): void {
  const parsed = parsedJson(text);
  const wrapped = wrappedIn(parsed);
  if (wrapped?.schema != null) shown.schema = wrapped.schema;
  const value = wrapped?.payload ?? parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const { after, flattened } = parsedChange(value as Record<string, unknown>, text, []);
  if (typeof after !== "object" || after === null) return;
  const entries = Object.entries(after).filter(([name]) => !flattened || !name.startsWith("__"));
  shown.rows.push(Object.fromEntries(entries));
}

/** Bytes of a record as text. */
export function textOf(bytes: Bytes | null): string | null {
  return bytes === null || typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function seenColumns({ rows, key }: Shown): Columns {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const columns: PulledColumn[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const values = rows.map((row) => row[name]);
    const present = values.filter((value) => value !== null && value !== undefined);
    if (present.length === 0) {
      leftOut.push({ name, why: "only nulls were seen, so that its type is not known" });
      continue;
    }
    const { expression, comment } = seenType(present);
    const nullable = present.length < values.length && !key!.includes(name);
    columns.push({
      name,
      expression: nullable ? `${expression}.nullable()` : expression,
      comments: comment === undefined ? [] : [comment],
    });
  }
  return { columns, leftOut };
}
