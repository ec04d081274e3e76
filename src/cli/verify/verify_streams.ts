import { literal, qualified, quoted } from "../../adapters/clickhouse/table_sql.ts";
import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { type AppendedRow, computeAppends } from "../../oracle/append_oracle.ts";
import type { Log } from "../../ports/log.ts";
import type { Row } from "../../record/row.ts";
import { type CanonicalColumn, canonicalColumn } from "./canonical.ts";
import { compareRows } from "./compare.ts";
import { type EventRecords, numbering, placeOf, readStreams } from "./event_records.ts";
import { expectedRows } from "./expected_rows.ts";
import { verifyOutputs } from "./verify_outputs.ts";
import { rowOf, selectLines } from "./shown_rows.ts";
import type { Shown, SinkReport } from "./sink_report.ts";

/** Which input a row was made of: the key by which the rows of append tables are compared. */
const PLACE = [
  { name: "_source", type: "String" },
  { name: "_partition", type: "UInt32" },
  { name: "_offset", type: "Int64" },
  { name: "_index", type: "UInt32" },
] as const;

/** A sink of a stream that nobody can judge now, and why. */
export interface Unjudged {
  readonly topology: string;
  readonly sink: string;
  readonly reason: string;
}

/** What comparing the streams of one topology found. */
export interface StreamReport {
  readonly sinks: readonly SinkReport[];
  readonly unjudged: readonly Unjudged[];
  readonly refused: number;
}

/** The tables that the streams of a topology add to. */
export function appendSinks({ streams }: Topology): AppendSpec[] {
  return streams.flatMap((node) => node.op === "append" ? [node.sink] : []);
}

/**
 * Recomputes every append table, and every topic that is written to, from what its topics hold, and compares it row by
 * row with the stored rows: each record must be there once, in topics at least once. Rows of records that are gone from
 * the log cannot be judged, and are passed over.
 * @throws ProductionError when the log or ClickHouse does not answer
 */
export async function verifyStreams(
  topology: Topology,
  { log, shown }: { readonly log: Log; readonly shown: Shown },
): Promise<StreamReport> {
  const topics = await readStreams(topology, log);
  const computed = computeAppends(topology, (topic) => topics.get(topic)!.events);
  const sinks: SinkReport[] = [];
  const unjudged: Unjudged[] = [];
  for (const spec of appendSinks(topology)) {
    const rows = computed.get(spec.name)!;
    if (rows !== null) sinks.push(await verifySink({ topology: topology.name, spec, rows, topics }, shown));
    else {
      const reason = "its rows depend on what was there, or came before, when each event was processed";
      unjudged.push({ topology: topology.name, sink: spec.name, reason });
    }
  }
  const outputs = await verifyOutputs(topology, { log, topics });
  sinks.push(...outputs.sinks);
  unjudged.push(...outputs.unjudged);
  return { sinks, unjudged, refused: [...topics.values()].reduce((sum, { refused }) => sum + refused, 0) };
}

interface Judged {
  readonly topology: string;
  readonly spec: AppendSpec;
  readonly rows: readonly AppendedRow[];
  readonly topics: ReadonlyMap<string, EventRecords>;
}

async function verifySink({ topology, spec, rows, topics }: Judged, shown: Shown): Promise<SinkReport> {
  const startedMs = performance.now();
  const { columns, key } = appendColumns(spec);
  const sources = new Map([...topics].map(([topic, { source }]) => [topic, source]));
  const { expected, unfit } = expectedRows({ rows: placed(rows, sources), later: null }, { columns, key });
  const stored = await compareRows({ names: columns.map(({ name }) => name), key }, {
    expected,
    actual: {
      lines: ofRecordsLeft(
        selectLines(shown.connection, {
          action: `read "${spec.name}"`,
          sql: selectSql(spec, { columns, topics, database: shown.database }),
        }),
        topics,
      ),
      parse: (line) => rowOf(columns, line),
    },
  });
  // The view is the same rows without their places.
  return {
    topology,
    sink: spec.name,
    view: stored,
    stored,
    unfit,
    moving: 0,
    durationMs: Math.round(performance.now() - startedMs),
  };
}

/** All columns of an append table as they are compared, and the places of its key: which input a row was made of. */
export function appendColumns(
  spec: AppendSpec,
): { readonly columns: readonly CanonicalColumn[]; readonly key: readonly number[] } {
  const columns = [...PLACE, ...Object.entries(spec.columns).map(([name, type]) => ({ name, type }))]
    .map((column) => canonicalColumn(column, quoted(column.name)));
  return { columns, key: PLACE.map((_, index) => index) };
}

/** With the columns that say where they come from. `sources`: what topics are called there. */
export function* placed(rows: readonly AppendedRow[], sources: ReadonlyMap<string, string>): Generator<Row> {
  const numberOf = numbering();
  for (const { row, metadata: { topic, partition, offset } } of rows) {
    const index = numberOf(`${topic}/${partition}/${offset}`);
    const source = sources.get(topic)!;
    yield { ...row, _source: source, _partition: partition, _offset: offset, _index: index };
  }
}

/** The lines without those of records that compaction has removed. */
async function* ofRecordsLeft(
  all: AsyncIterable<readonly string[]>,
  topics: ReadonlyMap<string, EventRecords>,
): AsyncGenerator<readonly string[]> {
  const leftBySource = new Map([...topics.values()].map(({ source, left }) => [source, left]));
  const isLeft = (line: string) => {
    const [source, partition, offset] = JSON.parse(line) as [string, number, string];
    return leftBySource.get(source)?.has(placeOf(partition, Number(offset))) ?? true;
  };
  const sifts = leftBySource.values().some((left) => left !== null);
  for await (const lines of all) yield sifts ? lines.filter(isLeft) : lines;
}

function selectSql(
  { name }: AppendSpec,
  { columns, topics, database }: {
    readonly columns: readonly CanonicalColumn[];
    readonly topics: ReadonlyMap<string, EventRecords>;
    readonly database: string;
  },
): string {
  const judged = [...topics.values()].flatMap(({ source, starts }) =>
    starts.map((start, partition) =>
      `(_source = ${literal(source)} AND _partition = ${partition} AND _offset >= ${start})`
    )
  );
  // Of no record at all: somebody has added it.
  const where = [...judged, "_source = ''"].join(" OR ");
  const select = columns.map(({ sql }) => sql).join(", ");
  return `SELECT ${select} FROM ${qualified(database, `${name}_rows`)} WHERE ${where}`;
}
