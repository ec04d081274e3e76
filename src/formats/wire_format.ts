import type { ConnectField } from "../record/connect_field.ts";
import type { KeyColumn } from "../record/key_column.ts";

/** How bytes are written: `bytes` and `base64` are the same text. */
export type BinaryMode = "bytes" | "base64" | "base64-url-safe" | "hex";

/**
 * How the connector writes decimals and times into keys and rows without a schema, where its settings decide it. Keys:
 * it matters for tables that are looked up in several partitions, since the partition of a key is the hash of the bytes
 * that the producer wrote, and other tasks compute it from the key's value. Rows: what cannot be told from a value
 * itself is read as declared. An attached schema decides by itself.
 */
export interface WireFormat {
  /** `decimal.handling.mode`. Default: `string`. Keys of mode `double` cannot be computed. */
  readonly decimals?: "string" | "precise" | "double";
  /**
   * `time.precision.mode`. Default: `adaptive`, by the precision that the column declares; without one it is
   * microseconds. Of `isostring` the form of dates alone can be computed.
   */
  readonly times?: "adaptive" | "microseconds" | "connect" | "isostring";
  /**
   * What a key of one column is. `object`, the default: `{"id":17}`. `bare`: the value alone, `17`, as
   * `ExtractField$Key` makes it. Either is read; other tasks look for a row where the declared form lies. `text`: the
   * value alone as text, `a` or `17`, and nothing else is read.
   */
  readonly key?: "object" | "bare" | "text";
  /** Values are rows and nothing else, by no connector: what `jsonTable(...)` declares. */
  readonly plain?: true;
  /**
   * `binary.handling.mode`, of `bytea()` columns. Without it base64 is read, but no text that could be hexadecimal as
   * well, unless an attached schema says which it is.
   */
  readonly binary?: BinaryMode;
  /** MySQL's `bigint.unsigned.handling.mode`, of `bigint("unsigned")` columns. Default: `long`. */
  readonly unsignedBigints?: "long" | "precise";
}

/** Brings a value into the form that the column types expect of values without schema. */
export type Convert = (wire: unknown) => unknown;

/** The forms in which a connector writes values of a type, where they are not those of PostgreSQL's types. */
export interface TypeForms {
  /** What a schema would say of the column, if the connector with this format attached one; null: nothing. */
  declared?(format: WireFormat): ConnectField | null;
  /** What is done to values first of which a schema says this; null: nothing. Absent: as of all types. */
  convert?(field: ConnectField): Convert | null;
  /** What is known of a key column of the type. */
  key(format: WireFormat): Partial<KeyColumn>;
  /** A value of the column as the connector writes it. @throws RangeError for one that it cannot write */
  write(value: unknown, format: WireFormat): unknown;
}
