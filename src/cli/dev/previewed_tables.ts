import type { ConnectedDatabase } from "../../adapters/clickhouse/connection.ts";
import { inspectShape } from "../../adapters/clickhouse/ensure_shape.ts";
import { wantedTable } from "../../adapters/clickhouse/ensure_table.ts";
import { checkExpression, qualified, quoted, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import type { Topology } from "../../dsl/topology.ts";
import { computeSinks, type SinkContent } from "../../oracle/oracle.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import { tableWriter } from "../../processor/table_writer.ts";
import { isDigestOfText } from "../../record/digest.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Row } from "../../record/row.ts";
import { type ProvedSink, provedSinks } from "../proof/proved_sinks.ts";
import { type CanonicalColumn, canonicalColumn } from "../verify/canonical.ts";
import { canonicalKey, compareRows } from "../verify/compare.ts";
import { expectedRows, isUnfit } from "../verify/expected_rows.ts";
import { rowOf, selectLines, viewSql } from "../verify/shown_rows.ts";
import { type Truth, truthRows } from "../verify/truth.ts";

/** What becomes of a table's rows. */
export interface RowCounts {
  readonly rewritten: number;
  readonly added: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** What loading a topology does to one of its tables; or why that cannot be counted before. */
export type TablePreview =
  & { readonly table: string }
  & (
    | {
      readonly counts: RowCounts;
      /** Counted are groups as the view shows them: each has a share of every task that has rows of it. */
      readonly groups: boolean;
    }
    | { readonly reason: string }
  );

const OF_EVENTS = "it is made of events, or is a topic, which nobody counts beforehand";

/** What is compared. */
export interface Previewed {
  readonly truth: Truth;
  readonly shown: ConnectedDatabase;
  /** Told what is done next, in a few words. */
  readonly onStep: (step: string) => void;
}

/**
 * Computes the tables of a topology from scratch, as `verify` does, and counts what its start will find otherwise in
 * ClickHouse. As the start does it compares digests of rows, so a row counts that is written again though its values
 * look the same, as all do when the table gets a column. Append tables and topics are left out: they are not rewritten.
 * @throws ProductionError when ClickHouse does not answer. @throws ConfigError when the source lacks a table
 */
export async function previewTables(
  topology: Topology,
  { truth, shown, onStep }: Previewed,
): Promise<readonly TablePreview[]> {
  const { sinks, leftOut } = provedSinks(topology, { withheld: OF_EVENTS });
  const left = leftOut.map(({ sink, reason }) => ({ table: sink, reason }));
  if (sinks.length === 0) return left;
  const tables = new Map<string, Awaited<ReturnType<typeof truthRows>>["rows"]>();
  for (const { spec } of sinks.flatMap(({ sources }) => [...sources.values()])) {
    if (tables.has(spec.topic)) continue;
    onStep(`reading ${spec.name}`);
    tables.set(spec.topic, (await truthRows(truth, spec)).rows);
  }
  onStep("computing");
  const computed = computeSinks(topology, (topic) => tables.get(topic)!, {
    nowUs: Date.now() * 1_000,
    only: new Set(sinks.flatMap(({ nodes }) => [...nodes])),
  });
  const previews: TablePreview[] = [];
  for (const sink of sinks) {
    const { name } = sink.plan;
    onStep(`comparing with ${name}`);
    const groups = sink.plan.table.shares;
    try {
      previews.push({ table: name, groups, counts: await countsOf(sink, { content: computed.get(name)!, shown }) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      previews.push({ table: name, reason: `its start will be refused: ${error.problems.join("; ")}` });
    }
  }
  return [...previews, ...left];
}

/** A table, what it must hold, and where it is. */
interface Counted {
  readonly content: SinkContent;
  readonly shown: ConnectedDatabase;
}

/** @throws ConfigError when the start will refuse the table as it is */
async function countsOf(sink: ProvedSink, { content, shown }: Counted): Promise<RowCounts> {
  const { table } = sink.plan;
  const shape = await inspectShape(shown, await wantedTable(shown, table));
  if (shape !== null && shape.problems.length > 0) throw new ConfigError(shape.problems);
  // Rows of other columns are other rows, whatever they hold.
  const state = shape === null ? "absent" : shape.added.length > 0 ? "other" : "alike";
  return table.shares && state === "alike"
    ? await differingGroups(sink, { content, shown })
    : await differingRows(sink, { content, shown, state });
}

/** Whether there is such a table, and whether it has all columns. */
type TableState = "absent" | "alike" | "other";

async function differingRows(
  { plan: { table } }: ProvedSink,
  { content: { spec, rows }, shown: { connection, database }, state }: Counted & { readonly state: TableState },
): Promise<RowCounts> {
  const columns = table.key.map((name) => canonicalColumn({ name, type: spec.columns[name] }, quoted(name)));
  const writer = tableWriter(table);
  const expected = writtenRows(rows.values(), {
    keyOf: keyReader(columns),
    guard: keyGuard(table.columns, table.key),
    // What the view shows of a group is written by nobody.
    digest: table.shares ? () => 0 : (row) => writer.write(row),
  });
  const counts = { rewritten: 0, added: 0, deleted: 0, unchanged: 0 };
  const total = expected.size;
  if (state === "absent") return { ...counts, added: total };
  const digest = state === "alike" ? `toString(if(_check = ${checkExpression(table)}, toInt64(_digest), -1))` : "'-1'";
  const from = table.shares ? qualified(database, table.name) : `${qualified(database, rowsName(table))} FINAL`;
  const sql = `SELECT ${[...columns.map((column) => column.sql), digest].join(", ")} FROM ${from}`;
  for await (const lines of selectLines(connection, { action: `read "${table.name}"`, sql })) {
    for (const line of lines) {
      const values = JSON.parse(line) as unknown[];
      const key = canonicalKey(columns.map((_, at) => at), columns.map((column, at) => column.actual(values[at])));
      const wanted = expected.get(key);
      expected.delete(key);
      if (wanted === undefined) counts.deleted++;
      else if (agree(Number(values.at(-1)), { ...wanted, textDigest: writer.textDigest })) counts.unchanged++;
      else counts.rewritten++;
    }
  }
  return { ...counts, added: expected.size };
}

/** As a start judges what is shown. */
function agree(
  shown: number,
  { row, digest, textDigest }: WrittenRow & { readonly textDigest: (row: Row) => number },
): boolean {
  return isDigestOfText(shown) ? shown === textDigest(row) : shown === digest;
}

interface WrittenRow {
  readonly row: Row;
  readonly digest: number;
}

/** By the text of the key. What does not fit its columns is a dead letter, and is not there. */
function writtenRows(
  rows: Iterable<Row>,
  { keyOf, guard, digest }: {
    readonly keyOf: (row: Row) => string;
    readonly guard: ((row: Row) => void) | null;
    readonly digest: (row: Row) => number;
  },
): Map<string, WrittenRow> {
  const written = new Map<string, WrittenRow>();
  for (const row of rows) {
    try {
      guard?.(row);
      written.set(keyOf(row), { row, digest: digest(row) });
    } catch (error) {
      if (!isUnfit(error)) throw error;
    }
  }
  return written;
}

function keyReader(columns: readonly CanonicalColumn[]): (row: Row) => string {
  const places = columns.map((_, at) => at);
  return (row) => canonicalKey(places, columns.map((column) => column.expected(row[column.name])));
}

async function differingGroups(
  { plan: { table } }: ProvedSink,
  { content: { spec, rows }, shown: { connection, database } }: Counted,
): Promise<RowCounts> {
  const columns = Object.entries(spec.columns).map(([name, type]) => canonicalColumn({ name, type }, quoted(name)));
  const names = columns.map(({ name }) => name);
  const key = spec.key.map((name) => names.indexOf(name));
  const { expected } = expectedRows({ rows: rows.values(), later: null }, { columns, key });
  const sql = viewSql({ database, table, columns });
  const { missing, extra, different, rows: total } = await compareRows({ names, key }, {
    expected,
    actual: {
      lines: selectLines(connection, { action: `read "${table.name}"`, sql }),
      parse: (line) => rowOf(columns, line),
    },
  });
  return { rewritten: different, added: missing, deleted: extra, unchanged: total - missing - different };
}
