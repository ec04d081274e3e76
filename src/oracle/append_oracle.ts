import type { RecordMetadata } from "../dsl/events.ts";
import type { StreamNode } from "../dsl/stream_nodes.ts";
import type { Topology } from "../dsl/topology.ts";
import type { Row } from "../record/row.ts";

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
  { streams }: Topology,
  read: (topic: string) => Iterable<OracleEvent>,
): Map<string, readonly AppendedRow[] | null> {
  const unknown = new Set<number>();
  for (const { id, op, inputs } of streams) {
    if (OF_THE_MOMENT.has(op) || inputs.some((input) => unknown.has(input))) unknown.add(id);
  }
  const rows = new Map<string, AppendedRow[]>();
  const behind = (id: number) =>
    streams.flatMap((node) => node.inputs.filter((input) => input === id).map(() => node)).filter((node) =>
      !unknown.has(node.id)
    );
  const visit = (id: number, event: OracleEvent): void => {
    for (const node of behind(id)) {
      if (node.op === "append") rows.get(node.name)!.push({ metadata: event.metadata, row: event.value as Row });
      else orNone(() => after(node, event)).forEach((next) => visit(node.id, next));
    }
  };
  for (const node of streams) if (node.op === "append") rows.set(node.name, []);
  for (const node of streams) {
    if (node.op === "events") { for (const event of read(node.source.topic)) visit(node.id, event); }
  }
  const known = (node: StreamNode) => unknown.has(node.id) ? null : rows.get(node.name)!;
  return new Map(streams.filter(({ op }) => op === "append").map((node) => [node.name, known(node)]));
}

/** Operators whose results depend on what came first. */
const OF_THE_MOMENT: ReadonlySet<StreamNode["op"]> = new Set([
  "globalJoin",
  "streamAggregate",
  "streamJoin",
  "tableJoin",
  "process",
]);

/** Whatever a callback throws, the event goes no further there. */
function orNone<T>(make: () => T[]): T[] {
  try {
    return make();
  } catch {
    return [];
  }
}

function after(node: Exclude<StreamNode, { op: "append" }>, event: OracleEvent): OracleEvent[] {
  const { key, value, metadata } = event;
  switch (node.op) {
    case "events":
    case "merge":
    case "globalJoin":
    case "streamAggregate":
    case "streamJoin":
    case "tableJoin":
    case "process":
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
