import type { ClickHouseValue } from "./clickhouse_value.ts";
import type { TableStorage } from "../record/table_storage.ts";
import type { RowOf } from "./source.ts";
import { storageOf, type StorageOptions } from "./storage.ts";
import type { TopicSpec } from "./topic_sink.ts";

/** ClickHouse types that a sink's column can have, written exactly as ClickHouse writes them. */
export type ColumnTypes = Readonly<Record<string, string>>;

/** The row that a sink with these columns takes. */
export type SinkRow<C extends ColumnTypes> = { readonly [N in keyof C]: ClickHouseValue<C[N]> };

/** The plain data of a sink. */
export interface SinkSpec {
  /** Name of the view that people query; the table behind it is `<name>_rows`. */
  readonly name: string;
  /** Columns that carry the table's key, in the key's order. */
  readonly key: readonly string[];
  /** Column name to ClickHouse type. */
  readonly columns: ColumnTypes;
  /** Data skipping indexes by column. */
  readonly indexes: Readonly<Record<string, string>>;
  /** How ClickHouse keeps it, where that is declared. */
  readonly storage?: TableStorage;
  /**
   * Set for a topic in the place of a table. Then there are no columns, and the key is as far as it is declared; the
   * name is that of the topic behind `topic `, so that it is no table's.
   */
  readonly output?: TopicSpec;
}

/** A topic in the place of a table. */
export function topicSink(output: TopicSpec): SinkSpec {
  const key = output.keyColumns?.map(({ name }) => name) ?? [];
  return { name: `topic ${output.topic}`, key, columns: {}, indexes: {}, output };
}

/** A ClickHouse table that keeps the newest row per key. Takes rows that have at least the columns of `R`. */
export interface Sink<in R extends RowOf> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (row: R) => void;
  /** The sink as plain data. */
  readonly spec: SinkSpec;
}

/** Options of {@link clickhouse}. */
export interface ClickHouseOptions<C extends ColumnTypes> extends StorageOptions<C> {
  /**
   * Sorting key: the columns that carry the table's key, in the key's order (an aggregate's: its group columns, in any
   * order).
   */
  readonly key: readonly (keyof C & string)[];
  /** Column name to ClickHouse type, in the table's column order. */
  readonly columns: C;
  /** Column name to index type, for example `{ placed_at: "minmax" }`. */
  readonly indexes?: { readonly [N in keyof C]?: string };
  /**
   * A ClickHouse expression over columns of the key, for example `toYYYYMM(placed_at)`. Of other columns it is refused:
   * ClickHouse replaces a row within its partition only, so a row whose column changed would be there twice.
   */
  readonly partitionBy?: string;
  /** The columns of the key in the order in which ClickHouse sorts by them; that of `key` if absent. */
  readonly orderBy?: readonly (keyof C & string)[];
  /**
   * When parts go to another disk or are compressed anew, for example
   * `placed_at + INTERVAL 3 MONTH RECOMPRESS CODEC(ZSTD(12))`. What deletes rows is refused: they would be written
   * again, as the sources have them. Rows that are to go leave by `expireAfter`.
   */
  readonly ttl?: string;
}

/** Declares a ClickHouse table as a sink. */
export function clickhouse<const C extends ColumnTypes>(name: string, options: ClickHouseOptions<C>): Sink<SinkRow<C>> {
  const storage = storageOf(options);
  return {
    spec: {
      name,
      key: options.key,
      columns: options.columns,
      indexes: (options.indexes ?? {}) as Readonly<Record<string, string>>,
      ...(storage === undefined ? {} : { storage }),
    },
  };
}
