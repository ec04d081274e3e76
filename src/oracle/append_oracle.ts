import type { RecordMetadata } from "../dsl/events.ts";
import type { OutputNode, StreamAggregateNode, StreamNode } from "../dsl/stream_nodes.ts";
import type { Topology } from "../dsl/topology.ts";
import type { Row } from "../record/row.ts";
import type { GroupedEvent } from "./stream_fold.ts";

/** Tells where a record comes from that a topology has written. */
const ORIGIN = "weir-origin";

/** A record of a topic as its source reads it. */
export interface OracleEvent {
  readonly key: unknown;
  readonly value: unknown;
  readonly metadata: RecordMetadata;
}

/** A row that an append table must hold, and of which record it is. */
export interface AppendedRow {
  readonly metadata: RecordMetadata;
  readonly row: Row;
}

/**
 * The judge of streams: what every append table must hold, recomputed from scratch, record by record. Rows of one sink
 * are in the order of the records that are read, those of one record in the order of the operators' ids. An event whose
 * callback throws is left out from there on. Null for a sink whose rows depend on what a global table had at the time,
 * or on which of several partitions' events came first: nobody can tell that later.
 */
export function computeAppends(
  { streams }: Pick<Topology, "streams">,
  read: (topic: string) => Iterable<OracleEvent>,
): Map<string, readonly AppendedRow[] | null> {
  const unknown = unknownBehind(streams);
  const rows = new Map<string, AppendedRow[]>();
  for (const node of streams) if (node.op === "append") rows.set(node.name, []);
  eachInput(streams, { read, unknown }, ({ node, event: { metadata, value } }) => {
    if (node.op === "append") rows.get(node.name)!.push({ metadata, row: value as Row });
  });
  const known = (node: StreamNode) => unknown.has(node.id) ? null : rows.get(node.name)!;
  return new Map(streams.filter(({ op }) => op === "append").map((node) => [node.name, known(node)]));
}

/**
 * The events that every topic of others must hold, record by record as {@link computeAppends} gives rows; null where
 * nobody can tell that later.
 */
export function computeOutputs(
  { streams }: Pick<Topology, "streams">,
  read: (topic: string) => Iterable<OracleEvent>,
): Map<OutputNode, readonly OracleEvent[] | null> {
  const unknown = unknownBehind(streams);
  const nodes = streams.filter((node) => node.op === "output");
  const events = new Map(nodes.map((node) => [node.id, [] as OracleEvent[]]));
  eachInput(streams, { read, unknown }, ({ node, event }) => {
    if (node.op === "output") events.get(node.id)!.push(event);
  });
  return new Map(nodes.map((node) => [node, unknown.has(node.id) ? null : events.get(node.id)!]));
}

/**
 * The events of an aggregate's groups, by source, in the order of its records. Null if that cannot be told later, as of
 * {@link computeAppends}.
 */
export function groupedEvents(
  { streams }: Pick<Topology, "streams">,
  aggregate: StreamAggregateNode,
  read: (topic: string) => Iterable<OracleEvent>,
): GroupedEvent[] | null {
  const unknown = unknownBehind(streams);
  if (aggregate.inputs.some((input) => unknown.has(input))) return null;
  const takesNulls = Object.values(aggregate.sides[0].aggregates).some(({ kind }) => kind === "newest");
  const events: GroupedEvent[] = [];
  const dropping = new Set(
    streams.flatMap((node) => node.op === "events" && node.source.dropsRepeats ? [node.source.topic] : []),
  );
  const came = new Map<string, number>();
  eachInput(streams, { read, unknown }, ({ node, input, event: { key, value, metadata } }) => {
    if (node !== aggregate || (value === null && !takesNulls)) return;
    if (dropping.has(metadata.topic) && isRepeated(metadata, { input, came })) return;
    const [columns = null] = orNone(() => [aggregate.sides[input].groupBy(value, key, metadata)]);
    if (columns !== null && !Object.values(columns).includes(undefined)) {
      events.push({ input, columns, value, timestampUs: metadata.timestampUs });
    }
  });
  return events;
}

/** Whether another record of the partition has said before that it comes from there. `came`: their offsets. */
function isRepeated(
  { topic, partition, offset, headers: { [ORIGIN]: origin } }: RecordMetadata,
  { input, came }: { readonly input: number; readonly came: Map<string, number> },
): boolean {
  if (typeof origin !== "string") return false;
  const id = `${topic}/${partition} ${input} ${origin}`;
  return came.getOrInsertComputed(id, () => offset) !== offset;
}

/** Operators whose events depend on more than each record: on rows of the moment, or on what came before. */
const DEPENDENT: ReadonlySet<StreamNode["op"]> = new Set([
  "globalJoin",
  "tableJoin",
  "streamJoin",
  "streamAggregate",
  "suppress",
  "process",
  "repartition",
  "tableChanges",
]);

/** Those, and all behind them. */
function unknownBehind(streams: readonly StreamNode[]): Set<number> {
  const unknown = new Set<number>();
  for (const node of streams) {
    if (DEPENDENT.has(node.op) || node.inputs.some((input) => unknown.has(input))) unknown.add(node.id);
  }
  return unknown;
}

/** Gives each event to each input of an operator that it comes to, record by record. */
function eachInput(
  streams: readonly StreamNode[],
  { read, unknown }: { readonly read: (topic: string) => Iterable<OracleEvent>; readonly unknown: ReadonlySet<number> },
  give: (given: { readonly node: StreamNode; readonly input: number; readonly event: OracleEvent }) => void,
): void {
  const behind = (id: number) =>
    streams.flatMap((node) => node.inputs.flatMap((other, input) => other === id ? [{ node, input }] : []));
  const visit = (id: number, event: OracleEvent): void => {
    for (const { node, input } of behind(id)) {
      give({ node, input, event });
      if (node.op === "append" || node.op === "output" || unknown.has(node.id)) continue;
      orNone(() => after(node, event)).forEach((next) => visit(node.id, next));
    }
  };
  for (const node of streams) {
    if (node.op === "events") { for (const event of read(node.source.topic)) visit(node.id, event); }
  }
}

/** Whatever a callback throws, the event goes no further there. */
function orNone<T>(make: () => T[]): T[] {
  try {
    return make();
  } catch {
    return [];
  }
}

function after(node: Exclude<StreamNode, { op: "append" | "output" }>, event: OracleEvent): OracleEvent[] {
  const { key, value, metadata } = event;
  switch (node.op) {
    case "events":
    case "merge":
    case "globalJoin":
    case "streamAggregate":
    case "suppress":
    case "streamJoin":
    case "tableJoin":
    case "process":
    case "repartition":
    case "tableChanges":
    case "updates":
    case "peek":
      return [event];
    case "filter":
      return node.predicate(value, key, metadata) ? [event] : [];
    case "branch": {
      const first = node.predicates.findIndex((predicate) => predicate(value, key, metadata));
      return node.branch === (first === -1 ? node.predicates.length : first) ? [event] : [];
    }
    case "selectKey":
      return [{ ...event, key: node.mapper(value, key, metadata) }];
    case "mapValues":
      return [{ ...event, value: node.mapper(value, key, metadata) }];
    case "flatMapValues":
      return Array.from(node.mapper(value, key, metadata), (one) => ({ ...event, value: one }));
    case "map": {
      const [newKey, newValue] = node.mapper(value, key, metadata);
      return [{ ...event, key: newKey, value: newValue }];
    }
    case "flatMap":
      return Array.from(node.mapper(value, key, metadata) as Iterable<[unknown, unknown]>, ([newKey, newValue]) => ({
        ...event,
        key: newKey,
        value: newValue,
      }));
  }
}
