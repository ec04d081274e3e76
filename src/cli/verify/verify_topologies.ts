import { literal, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import { inputsOf } from "../../dsl/logical.ts";
import type { SinkSpec } from "../../dsl/sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import type { Log } from "../../ports/log.ts";
import type { TableSpec } from "../../ports/warehouse.ts";
import { quoted } from "../../adapters/clickhouse/table_sql.ts";
import { keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { sinksOf } from "../../plan/outputs_of.ts";
import { computeSinks } from "../../oracle/oracle.ts";
import { BeyondRetention, horizonsOf } from "./beyond_retention.ts";
import { canonicalColumn } from "./canonical.ts";
import { compareRows, isEqual } from "./compare.ts";
import { expectedRows } from "./expected_rows.ts";
import { type FoldedResults, loadFolded } from "./folded_rows.ts";
import { expires, type Moments, type Stretch } from "./moments.ts";
import { rowOf, selectLines, storedSql, viewSql } from "./shown_rows.ts";
import type { Shown, SinkReport } from "./sink_report.ts";
import { readsJsonTables } from "./json_tables.ts";
import { loadSources, NO_SOURCES, type SourceRows, type Truth } from "./truth.ts";
import { verifyTableTopic } from "./verify_table_topics.ts";
import { outputTopics } from "./verify_outputs.ts";
import { appendSinks, type Unjudged, verifyStreams } from "./verify_streams.ts";

/** A comparison is thought to take so long, or, if it took longer, so many times as long, but not for ever. */
const SPAN_MS = 2_000;
const SPAN_GROWTH = 4;
const SPAN_MS_MAX = 600_000;

/** What comparing topologies found. */
export interface VerifyReport {
  readonly sinks: readonly SinkReport[];
  /** Topologies of which ClickHouse has no table at all: they never ran on this data. */
  readonly neverStarted: readonly string[];
  /** Source rows that cannot be read; the engine sets them aside too, as dead letters. */
  readonly refused: number;
  /** Rows that cannot be computed, by operator. */
  readonly uncomputed: readonly Uncomputed[];
  /** Sinks that were not compared, and why. */
  readonly unjudged: readonly Unjudged[];
  /** Aggregates over streams whose results were not computed again, but taken from their changelogs, and why. */
  readonly taken: readonly Unjudged[];
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
  return report.sinks.length > 0 && report.sinks.every(agrees);
}

function agrees({ view, stored }: SinkReport): boolean {
  return isEqual(view) && isEqual(stored);
}

/** Whether every row could be computed: else ClickHouse can equal the source and still lack rows. */
export function isWhole({ sinks, refused, uncomputed }: VerifyReport): boolean {
  return refused === 0 && uncomputed.length === 0 && sinks.every(({ unfit }) => unfit === 0);
}

/** What ClickHouse is compared with. */
export interface VerifiedAgainst {
  readonly truth: Truth;
  /** For topics of events; or why there is none. */
  readonly log: Log | string;
  readonly shown: Shown;
  /** Of which time what is shown is. */
  readonly moments: Moments;
}

/**
 * Recomputes every sink from the truth and compares it with ClickHouse. Changes nothing.
 * @throws ProductionError when ClickHouse does not answer
 */
export async function verifyTopologies(
  topologies: readonly Topology[],
  { truth, log, shown, moments }: VerifiedAgainst,
): Promise<VerifyReport> {
  const sinks: SinkReport[] = [];
  const neverStarted: string[] = [];
  const uncomputed: Uncomputed[] = [];
  const unjudged: Unjudged[] = [];
  const taken: Unjudged[] = [];
  let refused = 0;
  for (const topology of topologies) {
    const all = sinksOf(compile(topology));
    const tables = all.filter(({ table }) => table.output === undefined).map((sink) => sink.table);
    const topics = all.filter(({ table }) => table.output !== undefined);
    const appends = appendSinks(topology);
    const outputs = outputTopics(topology);
    const names = [...outputs, ...topics.map(({ table }) => table.output!.topic)];
    const written = typeof log !== "string" && names.length > 0 && (await log.topics(names)).size > 0;
    if (!written && !await anyExists([...tables, ...appends], shown)) {
      neverStarted.push(topology.name);
      continue;
    }
    // What streams alone look up is not recomputed.
    if (typeof log === "string" && readsJsonTables(topology)) {
      // The topic is the truth.
      unjudged.push(...all.map(({ name }) => ({ topology: topology.name, sink: name, reason: log })));
      continue;
    }
    const sources = all.length === 0 ? NO_SOURCES : await loadSources(topology, { truth, log });
    const folded = typeof log === "string" ? null : await loadFolded(topology, log);
    const [judged, left] = divided(topology, { tables, folded: folded !== null });
    unjudged.push(...left.map(({ name }) => ({ topology: topology.name, sink: name, reason: String(log) })));
    taken.push(...takenAsTheyAre(topology, folded));
    refused += sources.refused;
    for (let spanMs = SPAN_MS;; spanMs *= SPAN_GROWTH) {
      const found = await verifyTopology({
        topology,
        tables: judged,
        topics: typeof log === "string" ? null : { log, sinks: topics },
        sources,
        folded,
        stretch: moments.stretch(spanMs),
      }, shown);
      // A comparison that took longer than it was thought to says nothing of rows that expired since.
      const known = found.endedUs <= found.stretch.toUs || !moments.passing || !expires(topology);
      if (!known && spanMs < SPAN_MS_MAX && !found.sinks.every(agrees)) continue;
      sinks.push(...found.sinks);
      uncomputed.push(...found.uncomputed);
      unjudged.push(...found.unjudged);
      break;
    }
    if (typeof log === "string") {
      const sinks = [...appends, ...topics].map(({ name }) => name).concat(outputs);
      unjudged.push(...sinks.map((sink) => ({ topology: topology.name, sink, reason: log })));
    } else if (appends.length + outputs.length > 0) {
      const streams = await verifyStreams(topology, { log, shown });
      sinks.push(...streams.sinks);
      unjudged.push(...streams.unjudged);
      refused += streams.refused;
    }
  }
  return { sinks, neverStarted, refused, uncomputed, unjudged, taken };
}

/** One topology, and of which time what is shown of it is. */
interface Verification {
  readonly topology: Topology;
  readonly tables: readonly TableSpec[];
  /** Topics that rows are written to; null where nobody can read the log. */
  readonly topics: { readonly log: Log; readonly sinks: readonly SinkPlan[] } | null;
  readonly sources: SourceRows;
  /** Null where nothing depends on results of streams. */
  readonly folded: FoldedResults | null;
  readonly stretch: Stretch;
}

/** The tables that can be judged, and those that show results of streams while nobody can read the log. */
function divided(
  { nodes }: Topology,
  { tables, folded }: { readonly tables: readonly TableSpec[]; readonly folded: boolean },
): [TableSpec[], TableSpec[]] {
  if (folded) return [[...tables], []];
  const made = new Set<number>();
  const shows = new Set<string>();
  for (const node of nodes) {
    if (node.op !== "folded" && !inputsOf(node).some((input) => made.has(input))) continue;
    made.add(node.id);
    if (node.op === "sink") shows.add(node.sink.name);
  }
  return [tables.filter(({ name }) => !shows.has(name)), tables.filter(({ name }) => shows.has(name))];
}

function takenAsTheyAre({ name: topology, nodes }: Topology, folded: FoldedResults | null): Unjudged[] {
  return [...folded?.takenAsTheyAre ?? []].map(([id, reason]) => ({ topology, sink: nodes[id].name, reason }));
}

async function verifyTopology({ topology, tables, topics, sources, folded, stretch }: Verification, shown: Shown) {
  const operators = new Map<string, Uncomputed>();
  const computed = computeSinks(topology, sources.read, {
    nowUs: stretch.fromUs,
    folded: folded?.rows ?? (() => []),
    onRefused: ({ operator, key, error }) => {
      const { rows, example } = operators.get(operator) ??
        { rows: 0, example: { key: keyText(key), error: error instanceof Error ? error.message : String(error) } };
      operators.set(operator, { topology: topology.name, operator, rows: rows + 1, example });
    },
  });
  const later = expires(topology)
    ? computeSinks(topology, sources.read, { nowUs: stretch.toUs, folded: folded?.rows ?? (() => []) })
    : null;
  const sinks: SinkReport[] = [];
  const horizons = horizonsOf(topology, folded?.horizons ?? new Map());
  for (const table of tables) {
    const { spec, rows } = computed.get(table.name)!;
    const afterwards = later?.get(table.name)?.rows.values() ?? null;
    const horizonUs = horizons.get(table.name) ?? null;
    const sink = { topology: topology.name, spec, table, rows: rows.values(), later: afterwards, horizonUs };
    sinks.push(await verifySink(sink, shown));
  }
  const unjudged: Unjudged[] = [];
  for (const sink of topics?.sinks ?? []) {
    const { rows } = computed.get(sink.name)!;
    const found = await verifyTableTopic(
      { topology: topology.name, sink, rows, later: later?.get(sink.name)?.rows ?? null },
      topics!.log,
    );
    if (found !== null) sinks.push(found);
    else unjudged.push({ topology: topology.name, sink: sink.name, reason: "the topic is not there" });
  }
  return { sinks, unjudged, uncomputed: [...operators.values()], stretch, endedUs: Date.now() * 1_000 };
}

async function verifySink(
  sink: {
    readonly topology: string;
    readonly spec: SinkSpec;
    readonly table: TableSpec;
    readonly rows: Iterable<Row>;
    /** At the end of the comparison, where rows expire. */
    readonly later: Iterable<Row> | null;
    /** Windows that began then or before are kept by ClickHouse alone; null: rows do not go by age. */
    readonly horizonUs: number | null;
  },
  shown: Shown,
): Promise<SinkReport> {
  const { topology, spec, table, rows, later, horizonUs } = sink;
  const startedMs = performance.now();
  const columns = Object.entries(spec.columns).map(([name, type]) => canonicalColumn({ name, type }, quoted(name)));
  const names = columns.map((column) => column.name);
  const key = spec.key.map((name) => names.indexOf(name));
  const { expected, unfit } = expectedRows({ rows, later }, { columns, key });
  const shownTable = { database: shown.database, table, columns };
  const beyond = horizonUs === null ? null : new BeyondRetention(spec, horizonUs);
  const beyondStored = horizonUs === null ? null : new BeyondRetention(spec, horizonUs);
  const compared = (sql: string, left: BeyondRetention | null) =>
    compareRows({ names, key }, {
      expected,
      actual: {
        lines: selectLines(shown.connection, { action: `read "${spec.name}"`, sql }),
        parse: (line) => rowOf(columns, line),
        leavesOut: (row) => left?.leavesOut(row) ?? false,
      },
    });
  // While one answer is compared ClickHouse makes the other.
  const [view, stored] = await Promise.all([
    compared(viewSql(shownTable), beyond),
    compared(storedSql(shownTable), beyondStored),
  ]);
  return {
    topology,
    sink: spec.name,
    view,
    stored,
    unfit,
    moving: expected.moving.size,
    ...beyond === null ? {} : { beyond: beyond.rows },
    durationMs: Math.round(performance.now() - startedMs),
  };
}

async function anyExists(
  tables: readonly { readonly name: string }[],
  { connection, database }: Shown,
): Promise<boolean> {
  if (tables.length === 0) return false;
  const names = tables.map((table) => literal(rowsName(table))).join(", ");
  const [{ found }] = await connection.select(
    "look for the sinks' tables",
    `SELECT count() AS found FROM system.tables WHERE database = ${literal(database)} AND name IN (${names})`,
  );
  return Number(found) > 0;
}
