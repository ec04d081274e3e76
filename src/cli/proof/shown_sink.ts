import { literal, qualified, quoted, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import type { ColumnTypes } from "../../dsl/sink.ts";
import { type CanonicalColumn, canonicalColumn } from "../verify/canonical.ts";
import type { Row } from "../../record/row.ts";
import { canonicalKey, type CanonicalRow, type ExpectedRows } from "../verify/compare.ts";
import { type KeyRange, whereWithin } from "../verify/ranged_truth.ts";
import { rowsByKey, selectLines, viewSql } from "../verify/shown_rows.ts";
import type { Shown } from "../verify/sink_report.ts";
import type { DifferingKey } from "./proof_report.ts";
import type { ProvedSink } from "./proved_sinks.ts";
import type { SinkKey } from "./sink_key.ts";
import type { Suspect } from "./suspects.ts";

/** Keys that one question names at most. */
const KEYS_AT_ONCE = 500;
/** Stands for a key column that is null, which no list of values has. */
const NULL = "\\N";

/** Rows that a sink shows, by the text of their key. Of a key that it shows several times all of them are there. */
export type ShownRows = ReadonlyMap<string, readonly CanonicalRow[]>;

/** The rows of a sink by the texts of their keys, as the oracle computes them. */
export type RowsByKey = ReadonlyMap<string, Row>;

/** What is shown of one sink, whoever shows it. */
export interface ShownReader
  extends Pick<ShownSink, "columns" | "names" | "key" | "range" | "some" | "versions" | "textOf" | "keyOf"> {
  /** Comes before the source is read. @throws NotYetRead while there is more to be read of what is shown */
  prepare?(): Promise<void>;
  /** The rows that must be there, and a moment later; absent: those that are computed, by their columns. */
  expected?(now: RowsByKey, later: RowsByKey | null): ExpectedRows;
  /** How a fault is told; absent: by its key columns. */
  told?(fault: Suspect): Pick<DifferingKey, "key" | "explain" | "columns">;
}

/** What ClickHouse shows of one sink, and which of it was written when. */
export class ShownSink {
  /** All columns, in comparable form. */
  readonly columns: readonly CanonicalColumn[];
  readonly names: readonly string[];
  /** Places of the key among them. */
  readonly key: readonly number[];
  readonly #sink: ProvedSink;
  readonly #shown: Shown;

  constructor(sink: ProvedSink, { shown, types }: { readonly shown: Shown; readonly types: ColumnTypes }) {
    this.#sink = sink;
    this.#shown = shown;
    this.columns = Object.entries(types).map(([name, type]) => canonicalColumn({ name, type }, quoted(name)));
    this.names = this.columns.map(({ name }) => name);
    this.key = sink.plan.table.key.map((name) => this.names.indexOf(name));
  }

  /** @throws ProductionError */
  range(range: KeyRange): Promise<ShownRows> {
    return this.#read(whereWithin(quoted(this.#sink.keyColumns[0]), range));
  }

  /** @throws ProductionError */
  async some(keys: readonly SinkKey[]): Promise<ShownRows> {
    const found = new Map<string, readonly CanonicalRow[]>();
    for (const portion of portionsOf(keys)) {
      for (const [key, rows] of await this.#read(`WHERE ${this.#isOneOf(portion)}`)) found.set(key, rows);
    }
    return found;
  }

  /**
   * Names what was written last of each key, tombstones included; a key that nothing was ever written of is absent. A
   * change that did not come from Weir's writer leaves the name as it was, or gives another one that stays.
   * @throws ProductionError
   */
  async versions(keys: readonly SinkKey[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const { table } = this.#sink.plan;
    const names = this.key.map((place) => this.columns[place].sql);
    const group = table.key.map(quoted).join(", ");
    for (const portion of portionsOf(keys)) {
      const sql = `SELECT ${[...names, "toString(max(_version))"].join(", ")} FROM ${
        qualified(this.#shown.database, rowsName(table))
      } WHERE ${this.#isOneOf(portion)} GROUP BY ${group}`;
      for await (const lines of selectLines(this.#shown.connection, { action: `look at "${table.name}"`, sql })) {
        for (const line of lines) {
          const values = JSON.parse(line) as unknown[];
          const key = this.key.map((place, index) => this.columns[place].actual(values[index]));
          found.set(this.textOf(key), String(values.at(-1)));
        }
      }
    }
    return found;
  }

  /** One text for a key. */
  textOf(key: SinkKey): string {
    return canonicalKey(key.map((_, place) => place), key);
  }

  keyOf(row: CanonicalRow): SinkKey {
    return this.key.map((place) => row[place]);
  }

  #read(where: string): Promise<ShownRows> {
    const { table } = this.#sink.plan;
    const { connection, database } = this.#shown;
    const sql = `${viewSql({ database, table, columns: this.columns })} ${where}`;
    return rowsByKey(this, { connection, action: `read "${table.name}"`, sql });
  }

  #isOneOf(keys: readonly SinkKey[]): string {
    const expressions = this.key.map((place) => `ifNull(${this.columns[place].sql}, ${literal(NULL)})`);
    const values = keys.map((key) =>
      `(${key.map((value) => literal(value === null ? NULL : String(value))).join(", ")})`
    );
    const listed = `(${expressions.join(", ")}) IN (${values.join(", ")})`;
    if (this.#sink.roots === null) return listed;
    // What the table is sorted by, so that it is not read whole.
    const first = this.#sink.keyColumns[0];
    const place = this.#sink.plan.table.key.indexOf(first);
    return `${quoted(first)} IN (${keys.map((key) => String(key[place])).join(", ")}) AND ${listed}`;
  }
}

function* portionsOf(keys: readonly SinkKey[]): Generator<readonly SinkKey[]> {
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) yield keys.slice(from, from + KEYS_AT_ONCE);
}
