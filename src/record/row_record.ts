import { ByteWriter } from "./byte_writer.ts";
import { packHeaders, readHeaders, type RecordHeaders } from "./headers.ts";
import { keyText, parseKeyText } from "./key.ts";
import type { KeyColumn } from "./key_column.ts";
import { producerKey } from "./producer_key.ts";

/** How a topic's keys are written. */
interface KeyForm {
  /** What they are made of, in the order of the row key; none: keys are the row key's canonical text. */
  readonly key: readonly KeyColumn[];
  /** They are the text of the only column, and not JSON. */
  readonly text: boolean;
}

/** Header of a row's record: `<task>/<epoch>/<seq>/<key>`, of which no task's name has a slash. */
const ROW_HEADER = "weir-row";

/** Who wrote a record, when, and of which key. */
export interface RowMark {
  readonly task: string;
  readonly epoch: number;
  readonly seq: number;
  /** Canonical key text. */
  readonly key: string;
}

/** A row, with its value, or that there is none. */
type MarkedRow = RowMark & { readonly line?: Uint8Array };

/** A record of a row. */
export interface RowRecord {
  readonly key: string;
  /** Null for a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Uint8Array | undefined;
}

/** The key of a row's record. `key`: canonical key text. */
export function rowKey({ key: columns, text }: KeyForm, key: string): string {
  if (columns.length === 0) return key;
  const parsed = parseKeyText(key);
  if (!text) return producerKey(columns, parsed);
  const part = keyText(parsed);
  return part.startsWith('"') ? JSON.parse(part) as string : part;
}

/** A row, or that there is none, as a record. */
export function rowRecord(table: KeyForm, { task, epoch, seq, key, line }: MarkedRow): RowRecord {
  return {
    key: rowKey(table, key),
    value: line ?? null,
    headers: packHeaders({ [ROW_HEADER]: `${task}/${epoch}/${seq}/${key}` }),
  };
}

/** What the headers of a record say of its row; null for a record of others. */
export function rowMark(headers: Uint8Array | undefined): RowMark | null {
  return headers === undefined ? null : rowMarkIn(readHeaders(headers));
}

/** The same of headers that were read. */
export function rowMarkIn(headers: RecordHeaders): RowMark | null {
  const [, task, epoch, seq, key] = /^([^/]+)\/(\d+)\/(\d+)\/(.*)$/s.exec(headers[ROW_HEADER] ?? "") ?? [];
  return key === undefined ? null : { task, epoch: Number(epoch), seq: Number(seq), key };
}

const value = new ByteWriter();

/** The digest of a record's value, as it is taken of a row; null for a tombstone. */
export function digestOfValue(bytes: string | Uint8Array | null): number | null {
  if (bytes === null) return null;
  value.clear();
  if (typeof bytes === "string") value.raw(bytes);
  else value.bytes(bytes);
  return value.digest();
}

const decoder = new TextDecoder();

/** A record's key as text. */
export function textOfKey(key: string | Uint8Array): string {
  return typeof key === "string" ? key : decoder.decode(key);
}

/** Whether what the one says of a key is newer than what the other does. */
export function isNewer(one: Pick<RowMark, "epoch" | "seq">, other: Pick<RowMark, "epoch" | "seq">): boolean {
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.seq > other.seq);
}
