import { literal, qualified, quoted } from "../../adapters/clickhouse/table_sql.ts";
import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { CanonicalColumn } from "../verify/canonical.ts";
import { canonicalKey, type CanonicalRow } from "../verify/compare.ts";
import { rowOf, selectLines } from "../verify/shown_rows.ts";
import type { Shown } from "../verify/sink_report.ts";
import { appendColumns } from "../verify/verify_streams.ts";
import type { ShownRows } from "./shown_sink.ts";

/** Rows that are made of the records of a partition from an offset to below another one. */
export interface RecordRange {
  readonly source: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** What an append table shows, whoever shows it. */
export type AppendReader = Pick<ShownAppends, "columns" | "names" | "key" | "range">;

/** What ClickHouse has in an append table, by the records that the rows were made of. */
export class ShownAppends {
  /** Those that say which record a row was made of, then the sink's. */
  readonly columns: readonly CanonicalColumn[];
  readonly names: readonly string[];
  /** Places of the key among them. */
  readonly key: readonly number[];
  readonly #spec: AppendSpec;
  readonly #shown: Shown;

  constructor(spec: AppendSpec, shown: Shown) {
    this.#spec = spec;
    this.#shown = shown;
    const { columns, key } = appendColumns(spec);
    [this.columns, this.key] = [columns, key];
    this.names = columns.map(({ name }) => name);
  }

  /** @throws ProductionError */
  async range({ source, partition, from, to }: RecordRange): Promise<ShownRows> {
    const { name } = this.#spec;
    const sql = `SELECT ${this.columns.map(({ sql }) => sql).join(", ")} ` +
      `FROM ${qualified(this.#shown.database, `${name}_rows`)} WHERE ${quoted("_source")} = ${literal(source)} ` +
      `AND _partition = ${partition} AND _offset >= ${from} AND _offset < ${to}`;
    const found = new Map<string, CanonicalRow[]>();
    for await (const lines of selectLines(this.#shown.connection, { action: `read "${name}"`, sql })) {
      for (const line of lines) {
        const row = rowOf(this.columns, line);
        found.getOrInsertComputed(canonicalKey(this.key, row), () => []).push(row);
      }
    }
    return found;
  }
}
