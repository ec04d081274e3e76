import type { z } from "zod";
import { DeserializationError } from "../record/errors.ts";
import { type Key, keyParts } from "../record/key.ts";
import { keyColumnValue } from "../record/key_column.ts";
import type { Row } from "../record/row.ts";
import { createDecoder, type Decoded, type Decoder } from "./decoder.ts";
import { keyColumnOf, type WireFormat } from "./key_form.ts";
import type { MessageBytes } from "./message_text.ts";

/** A Debezium topic whose changes are events. */
export interface ChangesForm {
  readonly source: {
    /** Named in messages. */
    readonly name: string;
    /** Primary key columns in Debezium's order. */
    readonly key: readonly string[];
    readonly row: z.ZodObject;
    readonly format?: WireFormat;
  };
  /** Updates and deletes have the row as it was before (REPLICA IDENTITY FULL), and must have it. */
  readonly before: boolean;
}

/** An event as its record has it. */
export interface ReadEvent {
  readonly kind: "event";
  readonly key: unknown;
  readonly value: unknown;
  /** Microseconds since the epoch; null: it is the record's timestamp. */
  readonly timestampUs: number | null;
}

/** What a record means for a stream. */
export type ReadRecord = ReadEvent | { readonly kind: "skip"; readonly reason: string };

/** Key, value and headers of a record. */
export interface EventMessage {
  readonly key: MessageBytes | null;
  readonly value: MessageBytes | null;
  /** Packed. */
  readonly headers?: Uint8Array;
}

/** A change, as `Change` of `dsl/changes.ts` types it. */
interface ReadChange {
  readonly op: "c" | "r" | "u" | "d" | "t";
  readonly before: Row | null;
  readonly after: Row | null;
}

/**
 * Makes the reader of a Debezium topic's changes as events: the key is the columns of the primary key, the time that of
 * the database. A tombstone says nothing that the delete before it has not said, and is passed over.
 * @throws DeserializationError (the reader) as `Decoder.decode`, and `unavailable` and `missing_before`
 */
export function changeReader({ source, before }: ChangesForm): (message: EventMessage) => ReadRecord {
  const decoder = createDecoder({ ...source, source: source.name });
  const columns = source.key.map((name) =>
    keyColumnOf(name, { schema: source.row.shape[name], format: source.format })
  );
  const keyOf = (key: Key): Row => {
    const parts = columns.length === 1 ? [String(key)] : keyParts(key);
    return Object.fromEntries(columns.map((column, index) => [column.name, keyColumnValue(column, parts[index])]));
  };
  const plain = source.format?.plain === true;
  return (message) => {
    if (message.value === null && !plain) return { kind: "skip", reason: "tombstone" };
    const decoded = decodedOrTruncate(decoder, message);
    if (decoded !== "truncate" && decoded.kind === "skip") return { kind: "skip", reason: decoded.reason };
    if (decoded !== "truncate" && decoded.kind === "delete" && decoded.tombstone && !plain) {
      return { kind: "skip", reason: "tombstone" };
    }
    const { sourceUs, ...details } = decoder.details(message);
    const event = { kind: "event", timestampUs: sourceUs } as const;
    if (decoded === "truncate") return { ...event, key: null, value: { op: "t", before: null, after: null } };
    const after = decoded.kind === "delete" ? null : wholeRow(decoded);
    const op = decoded.kind === "delete" ? "d" : details.op === "c" || details.op === "r" ? details.op : "u";
    const hadRow = before && (op === "u" || op === "d");
    if (hadRow && details.before === null) throw missingBefore(source.name, op);
    const value: ReadChange = { op, before: hadRow ? details.before : null, after };
    return { ...event, key: keyOf(decoded.key), value };
  };
}

/** That a table was emptied is no change of a row, but an event. */
function decodedOrTruncate(decoder: Decoder, message: EventMessage): Decoded | "truncate" {
  try {
    return decoder.decode(message);
  } catch (error) {
    if (error instanceof DeserializationError && error.reason === "truncate") return "truncate";
    throw error;
  }
}

/** @throws DeserializationError `unavailable` */
export function wholeRow({ row, unavailable }: Extract<Decoded, { kind: "upsert" }>): Row {
  if (unavailable === null) return row;
  throw new DeserializationError(
    "unavailable",
    `Cannot read the record as a row: column(s) ${
      unavailable.join(", ")
    } were not sent (unchanged TOAST), and nothing ` +
      "is kept here of which they could be taken. Set REPLICA IDENTITY FULL on the table, or do not pick them",
  );
}

function missingBefore(source: string, op: string): DeserializationError {
  return new DeserializationError(
    "missing_before",
    `Cannot read a record of "${source}" as a change: operation "${op}" has no row "before" that can be read. Set ` +
      'REPLICA IDENTITY FULL on the table, or leave replicaIdentity: "full" out of builder.stream(...)',
  );
}
