import { type Connection } from "../../adapters/clickhouse/connection.ts";
import { literal, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import type { SinkSpec } from "../../dsl/sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import type { TableSpec } from "../../ports/warehouse.ts";
import { quoted } from "../../adapters/clickhouse/table_sql.ts";
import { LimitError } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { sinksOf } from "../../plan/outputs_of.ts";
import { computeSinks } from "../../oracle/oracle.ts";
import { type CanonicalColumn, canonicalColumn } from "./canonical.ts";
import { type CanonicalRow, compareRows, type Comparison, type ExpectedRows, expectRows, isEqual } from "./compare.ts";
import { rowOf, selectLines, storedSql, viewSql } from "./shown_rows.ts";
import { loadSources, type Truth } from "./truth.ts";

/** What comparing one sink found. */
export interface SinkReport {
  readonly topology: string;
  readonly sink: string;
  /** The view, as people query it. */
  readonly view: Comparison;
  /** The stored rows without FINAL. */
  readonly stored: Comparison;
  /** Rows that do not fit their sink; the engine sets them aside too, as dead letters. */
  readonly unfit: number;
  readonly durationMs: number;
}

/** What comparing topologies found. */
export interface VerifyReport {
  readonly sinks: readonly SinkReport[];
  /** Topologies of which ClickHouse has no table at all: they never ran on this data. */
  readonly neverStarted: readonly string[];
  /** Source rows that cannot be read; the engine sets them aside too, as dead letters. */
  readonly refused: number;
  /** Rows that cannot be computed, by operator. */
  readonly uncomputed: readonly Uncomputed[];
}

/** What one operator cannot compute; the engine sets these rows aside too, as dead letters. */
export interface Uncomputed {
  readonly topology: string;
  readonly operator: string;
  readonly rows: number;
  /** Key and error of the first of them. */
  readonly example: { readonly key: string; readonly error: string };
}

/** Whether everything is as it should be. */
export function isProven(report: VerifyReport): boolean {
  return report.sinks.length > 0 && report.sinks.every(({ view, stored }) => isEqual(view) && isEqual(stored));
}

/** Whether every row could be computed: else ClickHouse can equal the source and still lack rows. */
export function isWhole({ sinks, refused, uncomputed }: VerifyReport): boolean {
  return refused === 0 && uncomputed.length === 0 && sinks.every(({ unfit }) => unfit === 0);
}

/** Where ClickHouse is asked. */
export interface Shown {
  readonly connection: Connection;
  readonly database: string;
}

/**
 * Recomputes every sink from the truth and compares it with ClickHouse. Changes nothing.
 * @throws ProductionError when ClickHouse does not answer
 */
export async function verifyTopologies(
  topologies: readonly Topology[],
  { truth, shown }: { readonly truth: Truth; readonly shown: Shown },
): Promise<VerifyReport> {
  const sinks: SinkReport[] = [];
  const neverStarted: string[] = [];
  const uncomputed: Uncomputed[] = [];
  let refused = 0;
  for (const topology of topologies) {
    const tables = sinksOf(compile(topology)).map((sink) => sink.table);
    if (!await anyExists(tables, shown)) {
      neverStarted.push(topology.name);
      continue;
    }
    const sources = await loadSources(topology, truth);
    refused += sources.refused;
    const operators = new Map<string, Uncomputed>();
    const computed = computeSinks(topology, sources.read, {
      onRefused: ({ operator, key, error }) => {
        const { rows, example } = operators.get(operator) ??
          { rows: 0, example: { key: keyText(key), error: error instanceof Error ? error.message : String(error) } };
        operators.set(operator, { topology: topology.name, operator, rows: rows + 1, example });
      },
    });
    uncomputed.push(...operators.values());
    for (const table of tables) {
      const { spec, rows } = computed.get(table.name)!;
      sinks.push(await verifySink({ topology: topology.name, spec, table, rows: rows.values() }, shown));
    }
  }
  return { sinks, neverStarted, refused, uncomputed };
}

async function verifySink(
  sink: { readonly topology: string; readonly spec: SinkSpec; readonly table: TableSpec; readonly rows: Iterable<Row> },
  shown: Shown,
): Promise<SinkReport> {
  const { topology, spec, table, rows } = sink;
  const startedMs = performance.now();
  const columns = Object.entries(spec.columns).map(([name, type]) => canonicalColumn({ name, type }, quoted(name)));
  const names = columns.map((column) => column.name);
  const key = spec.key.map((name) => names.indexOf(name));
  const { expected, unfit } = expectedRows(rows, { columns, key });
  const shownTable = { database: shown.database, table, columns };
  const compared = (sql: string) =>
    compareRows({ names, key }, {
      expected,
      actual: {
        lines: selectLines(shown.connection, { action: `read "${spec.name}"`, sql }),
        parse: (line) => rowOf(columns, line),
      },
    });
  // While one answer is compared ClickHouse makes the other.
  const [view, stored] = await Promise.all([compared(viewSql(shownTable)), compared(storedSql(shownTable))]);
  return {
    topology,
    sink: spec.name,
    view,
    stored,
    unfit,
    durationMs: Math.round(performance.now() - startedMs),
  };
}

function expectedRows(
  rows: Iterable<Row>,
  { columns, key }: { readonly columns: readonly CanonicalColumn[]; readonly key: readonly number[] },
): { expected: ExpectedRows; unfit: number } {
  const canonical: CanonicalRow[] = [];
  let unfit = 0;
  for (const row of rows) {
    try {
      canonical.push(columns.map((column) => column.expected(row[column.name])));
    } catch (error) {
      // The encoder's verdict on a value that does not fit; anything else is a mistake here.
      if (!(error instanceof TypeError || error instanceof RangeError || error instanceof LimitError)) throw error;
      unfit++;
    }
  }
  return { expected: expectRows({ key }, canonical), unfit };
}

async function anyExists(tables: readonly TableSpec[], { connection, database }: Shown): Promise<boolean> {
  const names = tables.map((table) => literal(rowsName(table))).join(", ");
  const [{ found }] = await connection.select(
    "look for the sinks' tables",
    `SELECT count() AS found FROM system.tables WHERE database = ${literal(database)} AND name IN (${names})`,
  );
  return Number(found) > 0;
}
