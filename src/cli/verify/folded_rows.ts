import type { FoldedNode } from "../../dsl/logical.ts";
import type { StreamAggregateNode, TableResultNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import { type ChangelogRecord, readChangelog } from "../../formats/changelog_fact.ts";
import { groupedEvents } from "../../oracle/append_oracle.ts";
import type { FoldedRow } from "../../oracle/oracle.ts";
import { streamAggregateRows } from "../../oracle/stream_aggregate_oracle.ts";
import { changelogTopic } from "../../plan/compile_streams.ts";
import type { Log } from "../../ports/log.ts";
import { type Key, keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { ageOf, resultOf } from "../../processor/stateful/result_of.ts";
import { type EventRecords, readStreams, recordsOf } from "./event_records.ts";

/** The results of a topology's aggregates over streams, and how far they are proven. */
export interface FoldedResults {
  readonly rows: (node: FoldedNode) => Iterable<FoldedRow>;
  /** Those that were not computed again from the events, and why not. By id of the node. */
  readonly takenAsTheyAre: ReadonlyMap<number, string>;
  /**
   * Those of whose windows that began then or before ClickHouse alone has the rows. Microseconds; by id of the node.
   */
  readonly horizons: ReadonlyMap<number, number>;
}

/** Totals that do not depend on the order of events. */
const ANY_ORDER: ReadonlySet<string> = new Set(["count", "sum", "avg", "min", "max", "countDistinct", "custom"]);

const WAITS = "which changes were told, and which still wait, depends on the order of partitions";

/**
 * What every aggregate over a stream must show: made from scratch of all events, where these are all there and their
 * order makes no difference, else what its changelog has.
 * @throws ProductionError when the log does not answer
 */
export async function loadFolded(topology: Topology, log: Log): Promise<FoldedResults> {
  const rows = new Map<number, readonly FoldedRow[]>();
  const taken = new Map<number, string>();
  const horizons = new Map<number, number>();
  let read: Promise<ReadonlyMap<string, EventRecords>> | undefined;
  const events = () => read ??= readStreams(topology, log);
  for (const node of topology.nodes) {
    if (node.op !== "folded") continue;
    const result = topology.streams[node.stream] as TableResultNode;
    const computed = result.op === "suppress" ? WAITS : await computedRows(topology, { aggregate: result, events });
    if (typeof computed === "string") taken.set(node.id, computed);
    if (typeof computed !== "string") {
      rows.set(node.id, computed);
      continue;
    }
    const kept = await changelogRows(topology, { node: result, log });
    rows.set(node.id, kept.rows);
    if (kept.horizonUs > -Infinity) horizons.set(node.id, kept.horizonUs);
  }
  return { rows: ({ id }) => rows.get(id)!, takenAsTheyAre: taken, horizons };
}

/** Why a result cannot be made from scratch, whatever its topics hold; null: that is for them to say. */
export function neverComputed(result: TableResultNode): string | null {
  if (result.op === "suppress") return WAITS;
  return orderOf(result);
}

function orderOf(aggregate: StreamAggregateNode): string | null {
  if (aggregate.window !== null) return "which events come too late for a window depends on the order of partitions";
  const kinds = aggregate.sides.flatMap(({ aggregates }) => Object.values(aggregates).map(({ kind }) => kind));
  const ordered = kinds.find((kind) => !ANY_ORDER.has(kind));
  return ordered === undefined ? null : `${ordered} depends on the order in which events of several partitions came`;
}

/** The rows made from scratch; or why they cannot be. */
async function computedRows(
  topology: Topology,
  { aggregate, events }: {
    readonly aggregate: StreamAggregateNode;
    readonly events: () => Promise<ReadonlyMap<string, EventRecords>>;
  },
): Promise<(readonly [Key, Row])[] | string> {
  const order = orderOf(aggregate);
  if (order !== null) return order;
  const topics = await events();
  for (const [topic, { starts, left }] of topics) {
    if (left !== null) return `topic "${topic}" is compacted, so that it may have lost records`;
    if (starts.some((start) => start > 0)) return `topic "${topic}" has not all of its records any more`;
  }
  const late = topology.streams.find((node) => node.op === "events" && node.source.from === "latest");
  if (late !== undefined) return `stream "${late.name}" does not begin with the first record`;
  const grouped = groupedEvents(topology, aggregate, (topic) => topics.get(topic)!.events);
  if (grouped === null) return "its events depend on what was there when they were processed";
  return streamAggregateRows(aggregate, grouped).map((row) => [keyOfRow(aggregate, row), row] as const);
}

/** Of a row without a window. */
function keyOfRow({ sides }: StreamAggregateNode, row: Row): Key {
  const totals = sides[0].aggregates;
  return keyOfColumns(Object.fromEntries(Object.entries(row).filter(([name]) => !(name in totals))));
}

/** The newest result of each key that is kept, whoever wrote it, and the greatest horizon of all partitions. */
async function changelogRows(
  { name: topology }: Topology,
  { node, log }: { readonly node: TableResultNode; readonly log: Log },
): Promise<{ readonly rows: FoldedRow[]; readonly horizonUs: number }> {
  const topic = changelogTopic(topology, node);
  if (!(await log.topics([topic])).has(topic)) return { rows: [], horizonUs: -Infinity };
  const rows: FoldedRow[] = [];
  let horizonUs = -Infinity;
  for (const records of await recordsOf(log, topic, await log.offsets(topic))) {
    const kept = partitionRows(records.map((record) => readChangelog(topic, record)), node);
    for (const row of kept.rows) rows.push(row);
    horizonUs = Math.max(horizonUs, kept.horizonUs);
  }
  return { rows, horizonUs };
}

function partitionRows(
  records: readonly ChangelogRecord[],
  node: TableResultNode,
): { readonly rows: FoldedRow[]; readonly horizonUs: number } {
  const result = resultOf(node);
  let horizonUs = -Infinity;
  for (const read of records) if (read.kind === "horizon") horizonUs = Math.max(horizonUs, read.horizon.atUs);
  const newest = new Map<Key, { readonly to: number; readonly key: Row; readonly row: Row | null }>();
  for (const read of records) {
    if (read.kind !== "fact" || ageOf(node, read.fact) <= horizonUs) continue;
    const made = result(read.fact);
    if (made === null) continue;
    const key = keyOfColumns(made.key);
    const { to } = read.fact;
    if (to > (newest.get(key)?.to ?? -1)) newest.set(key, { to, ...made });
  }
  const rows = [...newest].flatMap(([key, { row, key: columns }]) =>
    row === null ? [] : [[key, row, Object.keys(columns).sort()] as const]
  );
  return { rows, horizonUs };
}
