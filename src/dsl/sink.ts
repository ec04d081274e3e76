import type { Decimal } from "../record/decimal.ts";
import type { RowOf } from "./source.ts";

/**
 * TypeScript type of a value for a ClickHouse column type. Integers of 64 bits take `bigint` too; DateTime64(6) takes
 * microseconds.
 */
export type ClickHouseValue<T extends string> = T extends `Nullable(${infer I})` ? ClickHouseValue<I> | null
  : T extends `LowCardinality(${infer I})` ? ClickHouseValue<I>
  : T extends `Array(${infer I})` ? readonly ClickHouseValue<I>[]
  : T extends `${"Int" | "UInt"}${"8" | "16" | "32"}` ? number
  : T extends `${"Int" | "UInt"}${"64" | "128" | "256"}` ? number | bigint
  : T extends `Decimal${string}` ? Decimal | number
  : T extends `Float${string}` ? number
  : T extends `DateTime64(6${string}` ? number
  : T extends "Date" | "Date32" ? number
  : T extends "Bool" ? boolean
  : T extends "String" | "UUID" | `FixedString(${string}` | `Enum${string}` ? string
  : never;

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
}

/** A ClickHouse table that keeps the newest row per key. Takes rows that have at least the columns of `R`. */
export interface Sink<in R extends RowOf> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (row: R) => void;
  /** The sink as plain data. */
  readonly spec: SinkSpec;
}

/** Options of {@link clickhouse}. */
export interface ClickHouseOptions<C extends ColumnTypes> {
  /**
   * Sorting key: the columns that carry the table's key, in the key's order (an aggregate's: its group columns, in any
   * order).
   */
  readonly key: readonly (keyof C & string)[];
  /** Column name to ClickHouse type, in the table's column order. */
  readonly columns: C;
  /** Column name to index type, for example `{ placed_at: "minmax" }`. */
  readonly indexes?: { readonly [N in keyof C]?: string };
}

/** Declares a ClickHouse table as a sink. */
export function clickhouse<const C extends ColumnTypes>(name: string, options: ClickHouseOptions<C>): Sink<SinkRow<C>> {
  return {
    spec: {
      name,
      key: options.key,
      columns: options.columns,
      indexes: (options.indexes ?? {}) as Readonly<Record<string, string>>,
    },
  };
}
