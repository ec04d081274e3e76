import type { TableStorage } from "../record/table_storage.ts";

/** How ClickHouse keeps any table: what every kind of sink may declare. */
export interface StorageOptions<C extends Readonly<Record<string, string>>> {
  /**
   * Column name to codecs, for example `{ placed_at: "DoubleDelta, ZSTD(3)" }`. They must give back every bit.
   */
  readonly codecs?: { readonly [N in keyof C]?: string };
  /**
   * Name to a SELECT without FROM, for example `{ by_seller: "SELECT seller_id, sum(amount) GROUP BY seller_id" }`. A
   * query with FINAL does not use any, nor does the view of a table whose rows change.
   */
  readonly projections?: Readonly<Record<string, string>>;
  /** Settings of the MergeTree engine, for example `{ storage_policy: "tiered", index_granularity: 4096 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** What of it is declared, as plain data; undefined if nothing is. */
export function storageOf(
  { partitionBy, orderBy, ttl, codecs, projections, settings }: Omit<TableStorage, "codecs"> & {
    readonly codecs?: Readonly<Record<string, string | undefined>>;
  },
): TableStorage | undefined {
  const given = Object.entries(codecs ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const storage = { partitionBy, orderBy, ttl, codecs: Object.fromEntries(given), projections, settings };
  const declared = Object.entries(storage).filter(([, value]) =>
    typeof value === "object" ? Object.keys(value).length > 0 : value !== undefined
  );
  return declared.length === 0 ? undefined : Object.fromEntries(declared);
}
