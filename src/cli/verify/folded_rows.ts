import type { FoldedNode } from "../../dsl/logical.ts";
import type { StreamAggregateNode, TableResultNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import { groupedEvents } from "../../oracle/append_oracle.ts";
import type { FoldedRow } from "../../oracle/oracle.ts";
import { streamAggregateRows } from "../../oracle/stream_aggregate_oracle.ts";
import { changelogTopic } from "../../plan/compile_streams.ts";
import type { Log } from "../../ports/log.ts";
import { type Key, keyOfColumns } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { ChangelogResults } from "./changelog_results.ts";
import { type EventRecords, readStreams, recordsOf } from "./event_records.ts";
import { orderedTotal, WHY_TAKEN } from "./why_taken.ts";

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
    const computed = result.op === "suppress"
      ? WHY_TAKEN.waits
      : await computedRows(topology, { aggregate: result, events });
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

function orderOf(aggregate: StreamAggregateNode): string | null {
  return aggregate.window === null ? orderedTotal(aggregate) : WHY_TAKEN.late;
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
    if (left !== null) return WHY_TAKEN.compacted(topic);
    if (starts.some((start) => start > 0)) return WHY_TAKEN.shortened(topic);
  }
  const late = topology.streams.find((node) => node.op === "events" && node.source.from === "latest");
  if (late !== undefined) return WHY_TAKEN.begunLate(late.name);
  const grouped = groupedEvents(topology, aggregate, (topic) => topics.get(topic)!.events);
  if (grouped === null) return WHY_TAKEN.dependent;
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
    const kept = new ChangelogResults(node, topic);
    kept.take(records);
    for (const row of kept.rows()) rows.push(row);
    horizonUs = Math.max(horizonUs, kept.horizonUs);
  }
  return { rows, horizonUs };
}
