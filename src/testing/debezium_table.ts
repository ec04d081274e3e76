import type { z } from "zod";
import type { SourceSpec } from "../dsl/source.ts";
import { scaleOf } from "../formats/column_reader.ts";
import { columnTypeOf } from "../formats/column_type.ts";
import type { WireFormat } from "../formats/key_form.ts";
import { Decimal } from "../record/decimal.ts";
import { keyColumnsOf } from "../dsl/key_columns.ts";
import type { Key } from "../record/key.ts";
import { keyFrom } from "../record/key_column.ts";
import { base64OfDecimal, hexOfBase64, producerKey, urlSafeBase64, zonedText } from "../record/producer_key.ts";
import type { Row } from "../record/row.ts";

/** A record as Debezium's JsonConverter writes it without schemas. */
export interface DebeziumRecord {
  readonly key: string;
  readonly value: string | null;
}

/** When a change was made. Milliseconds since the epoch. */
export type NowMs = () => number;

/**
 * One PostgreSQL table with REPLICA IDENTITY FULL and the connector that reads it: holds the rows, and gives for each
 * change the records that Debezium would write. Rows are typed as the source's schema gives them; the records carry
 * their wire form.
 */
export class DebeziumTable {
  readonly #source: SourceSpec;
  readonly #nowMs: NowMs;
  readonly #rows = new Map<Key, Row>();
  #lsn = 1_000;

  constructor(source: SourceSpec, nowMs: NowMs) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** The rows now, by the runtime's key. */
  *rows(): Generator<readonly [Key, Row]> {
    yield* this.#rows;
  }

  /** @throws TypeError if the key is taken */
  insert(source: SourceSpec, row: Row): DebeziumRecord[] {
    const key = this.#keyOf(row);
    if (this.#rows.has(key)) {
      throw new TypeError(`Cannot insert ${this.#textOf(key)} into "${source.topic}": it is there. Use update`);
    }
    this.#rows.set(key, row);
    return [{ key: this.#textOf(key), value: this.#valueOf(source, { op: "c", before: null, after: row }) }];
  }

  /** Columns that `changes` does not name keep their values. @throws TypeError if there is no such row */
  update(source: SourceSpec, changes: Row): DebeziumRecord[] {
    const key = this.#keyOf(changes);
    const before = this.#held(key, "update");
    const after = { ...before, ...changes };
    this.#rows.set(key, after);
    return [{ key: this.#textOf(key), value: this.#valueOf(source, { op: "u", before, after }) }];
  }

  /** The change and its tombstone. @throws TypeError if there is no such row */
  delete(source: SourceSpec, keyValue: unknown): DebeziumRecord[] {
    const { key: columns } = this.#source;
    const held = this.#keyOf(
      columns.length === 1 && !isRow(keyValue) ? { [columns[0]]: keyValue } : keyValue as Row,
    );
    const before = this.#held(held, "delete");
    this.#rows.delete(held);
    const key = this.#textOf(held);
    if (this.#source.format?.plain === true) return [{ key, value: null }];
    return [{ key, value: this.#envelope(source, { op: "d", before, after: null }) }, { key, value: null }];
  }

  #held(key: Key, action: string): Row {
    const row = this.#rows.get(key);
    if (row === undefined) {
      throw new TypeError(
        `Cannot ${action} ${this.#textOf(key)} in "${this.#source.topic}": there is no such row. Insert it first`,
      );
    }
    return row;
  }

  #keyOf(row: Row): Key {
    const { key } = this.#source;
    for (const column of key) {
      if (row[column] === undefined) {
        throw new TypeError(`Cannot write to "${this.#source.topic}": "${column}" is missing`);
      }
    }
    return keyFrom(keyColumnsOf(this.#source), key.map((column) => row[column]));
  }

  /** The key as the connector writes it, in the form that the source declares. */
  #textOf(key: Key): string {
    return producerKey(keyColumnsOf(this.#source), key);
  }

  #valueOf(source: SourceSpec, change: { op: "c" | "u"; before: Row | null; after: Row }): string {
    return this.#source.format?.plain === true ? this.#rowText(source, change.after) : this.#envelope(source, change);
  }

  #envelope(source: SourceSpec, change: { op: "c" | "u" | "d"; before: Row | null; after: Row | null }): string {
    const [database, schema, table] = [...source.topic.split("."), "public", source.name];
    const ms = this.#nowMs();
    const lsn = this.#lsn += 8;
    const position =
      `"sequence":"[\\"${lsn - 8}\\",\\"${lsn}\\"]","schema":"${schema}","table":"${table}","txId":${lsn},` +
      `"lsn":${lsn},"xmin":null`;
    return `{"before":${this.#rowText(source, change.before)},"after":${this.#rowText(source, change.after)},` +
      `"source":{"version":"3.6.3.Final","connector":"postgresql","name":"${database}","ts_ms":${ms},"snapshot":null,` +
      `"db":"${database}",${position}},"transaction":null,"op":"${change.op}","ts_ms":${ms},"ts_us":${ms}000,` +
      `"ts_ns":${ms}000000}`;
  }

  #rowText(source: SourceSpec, row: Row | null): string {
    if (row === null) return "null";
    const shape = { ...this.#source.row.shape, ...source.row.shape };
    const { format = {} } = this.#source;
    const cells = Object.keys(row).map((column) =>
      `${JSON.stringify(column)}:${
        jsonText(column in shape ? wireOf(shape[column] as z.ZodType, { value: row[column], format }) : row[column])
      }`
    );
    return `{${cells.join(",")}}`;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !(value instanceof Decimal);
}

interface WireValue {
  readonly value: unknown;
  readonly format: WireFormat;
}

/**
 * The form in which Debezium writes a value of this column, with `time.precision.mode=adaptive` unless the source
 * declares another: timestamps with time zone and what counts milliseconds differ from what the reader gives.
 */
function wireOf(schema: z.ZodType, { value, format }: WireValue): unknown {
  if (value === null || value === undefined) return value;
  const { innerType, element } = schema._zod.def as { innerType?: z.ZodType; element?: z.ZodType };
  if (Array.isArray(value) && element !== undefined) {
    return value.map((item) => wireOf(element, { value: item, format }));
  }
  if (innerType !== undefined) return wireOf(innerType, { value, format });
  const forms = columnTypeOf(schema)?.forms;
  if (forms !== undefined) return forms.write(value, format);
  if (value instanceof Decimal) return decimalOf(value, { scale: scaleOf(schema), format });
  const type = columnTypeOf(schema);
  if (type?.integer === true) return integerOf(value, format);
  if (type?.binary === true && typeof value === "string") return binaryOf(value, format);
  if (type === null || typeof value !== "number") return value;
  if (type.name.startsWith("timestamptz")) return zonedText(value, type.precision!);
  const { time } = type;
  if (time === undefined || time.kind === "date" || format.times === "microseconds") return value;
  return time.unit === "milliseconds" || format.times === "connect" ? milliseconds(type.name, value) : value;
}

/** `scale`: as declared; null if it is not. */
function decimalOf(
  value: Decimal,
  { scale, format }: { readonly scale: number | null; readonly format: WireFormat },
): unknown {
  if (format.decimals === "double") return value.toNumber();
  if (format.decimals !== "precise") return value;
  return scale === null
    ? { scale: value.scale, value: base64OfDecimal(value.toString(), value.scale) }
    : base64OfDecimal(value.toString(), scale);
}

/** An integer of a numeric column. */
function integerOf(value: unknown, { decimals }: WireFormat): unknown {
  if (decimals === "double") return Number(value);
  return decimals === "precise" ? base64OfDecimal(String(value), 0) : String(value);
}

function binaryOf(base64: string, { binary }: WireFormat): string {
  if (binary === "hex") return hexOfBase64(base64);
  return binary === "base64-url-safe" ? urlSafeBase64(base64) : base64;
}

/** @throws RangeError for a value that a column of the type could not hold */
function milliseconds(type: string, micros: number): number {
  if (micros % 1000 === 0) return micros / 1000;
  throw new RangeError(`Cannot write ${micros} microseconds as ${type}: it holds whole milliseconds`);
}

/** JSON text in which integers keep all their digits. */
function jsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  return JSON.stringify(value ?? null);
}
