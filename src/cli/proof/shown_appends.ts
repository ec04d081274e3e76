import { literal, qualified, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { CanonicalColumn } from "../verify/canonical.ts";
import { rowsByKey } from "../verify/shown_rows.ts";
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
export type AppendReader = Pick<ShownAppends, "columns" | "names" | "key" | "range" | "ofNoRecord">;

/** Somebody has added them, and one is as telling as all. */
const FOREIGN_ROWS_MAX = 100;

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
  range({ source, partition, from, to }: RecordRange): Promise<ShownRows> {
    return this.#rows(
      `_source = ${literal(source)} AND _partition = ${partition} AND _offset >= ${from} AND _offset < ${to}`,
    );
  }

  /** Rows that do not say of which record they were made, so Weir has not written them; some of very many. */
  ofNoRecord(): Promise<ShownRows> {
    return this.#rows(`_source = '' LIMIT ${FOREIGN_ROWS_MAX}`);
  }

  #rows(where: string): Promise<ShownRows> {
    const { connection, database } = this.#shown;
    const sql = `SELECT ${this.columns.map(({ sql }) => sql).join(", ")} ` +
      `FROM ${qualified(database, rowsName(this.#spec))} WHERE ${where}`;
    return rowsByKey(this, { connection, action: `read "${this.#spec.name}"`, sql });
  }
}
