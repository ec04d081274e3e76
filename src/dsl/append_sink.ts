import type { TableStorage } from "../record/table_storage.ts";
import type { ColumnTypes, SinkRow } from "./sink.ts";
import type { RowOf } from "./source.ts";
import { storageOf, type StorageOptions } from "./storage.ts";

/** The plain data of a table that rows are added to. */
export interface AppendSpec {
  /** Name of the view that people query; the table behind it is `<name>_rows`. */
  readonly name: string;
  /** Column name to ClickHouse type. */
  readonly columns: ColumnTypes;
  /** Columns by which the rows are sorted. */
  readonly orderBy: readonly string[];
  /** A ClickHouse expression; null: one partition. */
  readonly partitionBy: string | null;
  /** A ClickHouse expression; null: rows are kept for ever. */
  readonly ttl: string | null;
  /** Data skipping indexes by column. */
  readonly indexes: Readonly<Record<string, string>>;
  /** Codecs, projections and settings, where any are declared. */
  readonly storage?: Pick<TableStorage, "codecs" | "projections" | "settings">;
}

/** A ClickHouse table that every event is added to once. Takes values that have at least the columns of `R`. */
export interface AppendSink<in R extends RowOf> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (row: R) => void;
  /** Tells the compiler the two kinds of sinks apart; never set. */
  readonly "~appends"?: true;
  /** The sink as plain data. */
  readonly spec: AppendSpec;
}

/** Options of {@link clickhouseAppend}. */
export interface AppendOptions<C extends ColumnTypes> extends StorageOptions<C> {
  /** Column name to ClickHouse type, in the table's column order. */
  readonly columns: C;
  /** Sorting key: the columns by which people select, the one with the fewest values first. */
  readonly orderBy: readonly (keyof C & string)[];
  /** A ClickHouse expression over the columns, for example `toYYYYMM(at)`. Few tables need it. */
  readonly partitionBy?: string;
  /** When a row is deleted, for example `toDateTime(at) + INTERVAL 90 DAY`. */
  readonly ttl?: string;
  /** Column name to index type, for example `{ user_id: "bloom_filter" }`. */
  readonly indexes?: { readonly [N in keyof C]?: string };
}

/** Declares a ClickHouse table as a sink of a stream: each event is added to it once, and no row is ever changed. */
export function clickhouseAppend<const C extends ColumnTypes>(
  name: string,
  options: AppendOptions<C>,
): AppendSink<SinkRow<C>> {
  const { codecs, projections, settings } = options;
  const storage = storageOf({ codecs, projections, settings });
  return {
    spec: {
      name,
      columns: options.columns,
      orderBy: options.orderBy,
      partitionBy: options.partitionBy ?? null,
      ttl: options.ttl ?? null,
      indexes: (options.indexes ?? {}) as Readonly<Record<string, string>>,
      ...(storage === undefined ? {} : { storage }),
    },
  };
}
