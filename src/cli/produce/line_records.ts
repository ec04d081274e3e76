import { createDecoder, type Decoder } from "../../formats/decoder.ts";
import { keyColumnsOf } from "../../dsl/key_columns.ts";
import type { SourceSpec } from "../../dsl/source.ts";
import { ConfigError, DeserializationError } from "../../record/errors.ts";
import { jacksonText, producerKey } from "../../record/producer_key.ts";
import { isRawObject } from "../../record/raw_json.ts";
import type { KeyedRecord } from "./append_records.ts";
import { type ExactFields, parseFields } from "./exact_fields.ts";

/** What a line of input means. */
export interface LineRecords {
  readonly kind: "row" | "delete" | "tombstone" | "event";
  /** A delete is a record and its tombstone, as Debezium writes them. */
  readonly records: readonly KeyedRecord[];
}

/** How the lines for one topic are read. */
export interface LineReader {
  /** @throws ConfigError that says what is wrong with the line */
  read(text: string): LineRecords;
  /** Columns that no topology reads, with the number of rows that had them. */
  unreadColumns(): ReadonlyMap<string, number>;
}

/**
 * Reads lines as records of a topic. `sources`: how topologies declare it. The key's bytes are those that Debezium
 * would write, and whatever a topology could not read is refused here, before it becomes a dead letter.
 */
export function lineReader(topic: string, sources: readonly SourceSpec[]): LineReader {
  const decoders = sources.map(({ key, row, format }) => createDecoder({ source: topic, key, row, format }));
  const keyBytes = keyWriter(topic, { sources, decoder: decoders[0] });
  const checked = (line: LineRecords): LineRecords => {
    for (const decoder of decoders) for (const record of line.records) refusing(() => decoder.decode(record));
    return line;
  };
  return {
    read(text) {
      const fields = parseFields(text);
      const names = Object.keys(fields).sort().join();
      if (names === "key,value" && !sources.some(({ key }) => key.includes("key"))) {
        return checked(keyedLine(fields, { keyBytes, plain: sources[0]?.format?.plain === true }));
      }
      if (sources[0]?.format?.plain === true) return checked(plainLine(fields, keyBytes));
      return checked(valueLine(fields, keyBytes));
    },
    unreadColumns: () => unreadBy(decoders),
  };
}

/** A key's bytes. */
interface KeyBytes {
  /** Of the key's columns, or of the value of a single one. */
  ofKey(key: unknown): string;
  /** Of a row. */
  ofRow(row: unknown): string;
}

/** `{"key": ..., "value": ...}` */
function keyedLine(
  { key, value }: ExactFields,
  { keyBytes, plain }: { readonly keyBytes: KeyBytes; readonly plain: boolean },
): LineRecords {
  const bytes = keyBytes.ofKey(key);
  if (value === null) return { kind: "tombstone", records: [{ key: bytes, value: null }] };
  if (!isRawObject(value)) {
    throw new ConfigError(['"value" must be a row, an envelope or null (which deletes the row)']);
  }
  if (plain) return { kind: "row", records: [{ key: bytes, value: JSON.stringify(value) }] };
  const { kind, text } = valueOf(value);
  return { kind, records: withTombstone(kind, { key: bytes, value: text }) };
}

/** A row of a topic that no connector writes. */
function plainLine(fields: ExactFields, keyBytes: KeyBytes): LineRecords {
  return { kind: "row", records: [{ key: keyBytes.ofRow(fields), value: JSON.stringify(fields) }] };
}

/** A row, or an envelope of Debezium's. */
function valueLine(fields: ExactFields, keyBytes: KeyBytes): LineRecords {
  const { kind, row, text } = valueOf(fields);
  return { kind, records: withTombstone(kind, { key: keyBytes.ofRow(row), value: text }) };
}

function withTombstone(kind: LineRecords["kind"], record: KeyedRecord): KeyedRecord[] {
  return kind === "delete" ? [record, { key: record.key, value: null }] : [record];
}

function valueOf(fields: ExactFields): { kind: "row" | "delete"; row: unknown; text: string } {
  const envelope = "op" in fields && ("after" in fields || "before" in fields);
  if (!envelope) {
    const text = `{"before":null,"after":${JSON.stringify(fields)},"op":"r","ts_ms":${Date.now()}}`;
    return { kind: "row", row: fields, text };
  }
  const { op, before, after } = fields;
  if (typeof op !== "string" || !["c", "r", "u", "d"].includes(op)) {
    throw new ConfigError([
      `"op" is ${JSON.stringify(op)}: write "c" (created), "r" (read), "u" (updated) or "d" (deleted)`,
    ]);
  }
  const row = op === "d" ? before : after;
  if (!isRawObject(row)) {
    const [name, what] = op === "d" ? ["before", "at least the key columns"] : ["after", "the row"];
    throw new ConfigError([`"${name}" is ${JSON.stringify(row) ?? "missing"}: operation "${op}" needs ${what} in it`]);
  }
  // Readers know an envelope by its having both.
  const text = JSON.stringify(
    "before" in fields && "after" in fields ? fields : { before: null, after: null, ...fields },
  );
  return { kind: op === "d" ? "delete" : "row", row, text };
}

/** Makes a key's bytes of a row, of the key columns alone, or of the value of a single one. */
function keyWriter(
  topic: string,
  { sources: [source], decoder }: { readonly sources: readonly SourceSpec[]; readonly decoder: Decoder | undefined },
): KeyBytes {
  if (source === undefined || decoder === undefined) return undeclared(topic);
  const columns = keyColumnsOf(source);
  const bytesOf = (row: unknown) => {
    const fields = isRawObject(row) ? row : source.key.length === 1 ? { [source.key[0]]: row } : {};
    const missing = source.key.filter((name) => fields[name] === undefined);
    if (missing.length > 0) {
      throw new ConfigError([`key column ${missing.map((name) => `"${name}"`).join(", ")} is missing`]);
    }
    const wire = keyWire(source, fields);
    const key = decoder.keyOf(wire);
    // What is wrong with the key is told by the reader of tombstones.
    if (key === null) refusing(() => decoder.decode({ key: wire, value: null }));
    return producerKey(columns, key!);
  };
  return { ofKey: bytesOf, ofRow: bytesOf };
}

/** A key that the decoder reads. */
function keyWire({ key, format }: SourceSpec, fields: ExactFields): string {
  const [first] = key;
  if (format?.key === "text" && typeof fields[first] === "string") return fields[first];
  if (format?.key === "text") return JSON.stringify(fields[first]);
  return jacksonText(JSON.stringify(Object.fromEntries(key.map((name) => [name, fields[name]]))));
}

/** Nobody knows its key columns: the key is taken as it is given. */
function undeclared(topic: string): KeyBytes {
  return {
    ofKey: (key) => {
      if (isRawObject(key)) return jacksonText(JSON.stringify(key));
      throw new ConfigError([`"key" is ${JSON.stringify(key)}: write its columns, such as {"id":1}`]);
    },
    ofRow: () => {
      throw new ConfigError([
        `no topology has "${topic}" as a source, so its key is not known. Correct the name, declare the topic in a ` +
        'topology, or write {"key": {...}, "value": {...}}',
      ]);
    },
  };
}

/** The decoder's refusal as one of the line. */
function refusing(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DeserializationError)) throw error;
    throw new ConfigError([error.message], { cause: error });
  }
}

function unreadBy(decoders: readonly Decoder[]): Map<string, number> {
  const [first, ...others] = decoders.map(({ unknownColumns }) => unknownColumns);
  return new Map([...first ?? []].filter(([name]) => others.every((unknown) => unknown.has(name))));
}
