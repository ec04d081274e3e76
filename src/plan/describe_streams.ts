import { aggregateText } from "../dsl/aggregate_spec.ts";
import type { ProcessNode, StatefulNode, StreamAggregateNode, StreamNode, SuppressNode } from "../dsl/stream_nodes.ts";
import type { StoreSpec } from "../dsl/processor_stores.ts";
import type { Topology } from "../dsl/topology.ts";
import type { WindowSpec } from "../dsl/windows.ts";
import type {
  OutputDescription,
  SinkDescription,
  StageDescription,
  StreamDescription,
  StreamOperatorDescription,
} from "./description.ts";
import { durationText } from "./duration_text.ts";
import type { EventFlow, PhysicalPlan } from "./physical.ts";

/** The streams of a plan: what they read, and what happens with each event. */
export function describeStreams({ streams }: PhysicalPlan): StreamDescription[] {
  return streams.map(({ name, source, nodes }) => ({
    name,
    topic: source.topic,
    key: source.changes !== null ? "primary key" : typeof source.key === "string" ? source.key : "json",
    value: source.changes !== null ? "change" : typeof source.value === "string" ? source.value : "json",
    columns: typeof source.value === "string" ? null : Object.keys(source.value.shape),
    ...maskedIn(source.changes?.source ?? source),
    begins: source.from,
    operators: nodes.map((node) => operator(node, nodes)),
  }));
}

function maskedIn(
  { mask, maskKey }: { readonly mask?: true | readonly string[]; readonly maskKey?: true },
): Pick<StreamDescription, "masked" | "keyMasked"> {
  return { ...mask === undefined ? {} : { masked: mask }, ...maskKey === undefined ? {} : { keyMasked: maskKey } };
}

/** The stages of a plan: what they keep, and what happens with their results. */
export function describeStages({ stages }: PhysicalPlan, { streams }: Topology): StageDescription[] {
  return stages.map(({ name, repartition, changelog, node, nodes }) => ({
    name,
    repartition,
    changelog,
    inputs: [...new Set(node.inputs.map((input) => streams[input].name))],
    does: doesText(node),
    operators: nodes.map((one) => operator(one, nodes)),
  }));
}

function doesText(node: StatefulNode): string {
  switch (node.op) {
    case "streamAggregate":
      return aggregateDoes(node);
    case "suppress":
      return suppressDoes(node);
    case "streamJoin": {
      const [before, after] = [durationText(node.beforeUs), durationText(node.afterUs)];
      return `${node.kind} join, from ${before} before to ${after} after${graceText(node.graceUs)}`;
    }
    case "tableJoin": {
      const row = node.historyUs === null
        ? "the newest row"
        : `the row of the time, within ${durationText(node.historyUs)}`;
      return `${node.kind} join, ${row}${graceText(node.graceUs)}`;
    }
    case "repartition":
      return "events as they are, by key";
    case "tableChanges":
      return "each change of a row once, by key";
    case "process":
      return processDoes(node);
  }
}

function processDoes({ stores, punctuate, punctuateWallClock }: ProcessNode): string {
  const kept = stores.length === 0 ? "" : `, stores ${stores.map(storeText).join(", ")}`;
  const clocks = [
    ...punctuate === null ? [] : ["by stream time"],
    ...punctuateWallClock === null ? [] : ["by the wall clock"],
  ];
  return `callbacks${kept}${clocks.length === 0 ? "" : `, called ${clocks.join(" and ")}`}`;
}

function storeText(store: StoreSpec): string {
  return store.kind === "key-value" ? store.name : `${store.name} (${store.kind}s, ${durationText(store.retentionUs)})`;
}

function suppressDoes({ spec: { until, recordsMax, bytesMax, whenFull, idleUs } }: SuppressNode): string {
  const waits = until.kind === "limit" ? `for ${durationText(until.limitUs)}` : "until their windows close";
  const most = [
    ...recordsMax === null ? [] : [`${recordsMax} rows`],
    ...bytesMax === null ? [] : [`${bytesMax} bytes`],
  ];
  const full = whenFull === "emit" ? "then the oldest are told" : "then it stops";
  const bounds = most.length === 0 ? "" : `, at most ${most.join(" and ")} in a partition, ${full}`;
  const idle = idleUs === undefined ? "" : `, or until ${durationText(idleUs)} pass without one`;
  return `changes wait ${waits}${idle}${bounds}`;
}

function graceText(graceUs: number): string {
  return graceUs === 0 ? "" : `, grace ${durationText(graceUs)}`;
}

function aggregateDoes({ sides, window, emit }: StreamAggregateNode): string {
  const totals = Object.entries(sides[0].aggregates).map(([column, spec]) => `${column} = ${aggregateText(spec)}`);
  if (window === null) return totals.join(", ");
  const told = emit === "close" ? ", told when they close" : "";
  return `${totals.join(", ")}, in ${windowText(window)}${told}`;
}

function windowText(window: WindowSpec): string {
  const idle = window.idleUs === undefined ? "" : `, closed after ${durationText(window.idleUs)} without events`;
  const kept = window.retentionUs === undefined ? "" : `, kept for ${durationText(window.retentionUs)}`;
  const grace = `${graceText(window.graceUs)}${idle}${kept}`;
  switch (window.kind) {
    case "time": {
      const every = window.advanceUs === window.sizeUs ? "" : ` every ${durationText(window.advanceUs)}`;
      return `windows of ${durationText(window.sizeUs)}${every}${grace}`;
    }
    case "sliding":
      return `sliding windows of ${durationText(window.sizeUs)}${grace}`;
    case "session":
      return `sessions with gaps up to ${durationText(window.gapUs)}${grace}`;
    case "unlimited":
      return "one window without an end";
  }
}

function operator(node: StreamNode, nodes: readonly StreamNode[]): StreamOperatorDescription {
  const { id, name, op } = node;
  // A merge has inputs of other streams, too.
  const inputs = node.inputs.filter((input) => nodes.some((other) => other.id === input));
  const plain = { id, name, op, inputs };
  return node.op === "globalJoin" ? { ...plain, kind: node.kind, right: node.right } : plain;
}

/** The topics that events are written to. */
export function describeOutputs({ streams, stages }: PhysicalPlan, topology: Topology): OutputDescription[] {
  const nodes = new Map(
    [...streams, ...stages].flatMap(({ outputs }) => outputs.map(({ topic, node }) => [topic, node])),
  );
  return [...nodes.values()].map(({ sink: { topic, key, value, columns, guarantee }, inputs }) => ({
    ...{ topic, holds: "events" as const, key, value, columns, guarantee },
    from: inputs.map((input) => topology.streams[input].name),
  }));
}

/** The tables that events are added to. */
export function describeAppends({ streams, stages }: PhysicalPlan): SinkDescription[] {
  const known = new Map<string, SinkDescription>();
  for (const flow of [...streams, ...stages]) for (const sink of appendsOf(flow)) known.set(sink.name, sink);
  return [...known.values()];
}

function appendsOf({ nodes, sinks }: EventFlow): SinkDescription[] {
  return sinks.map(({ name, table }) => {
    const node = nodes.find((candidate) => candidate.op === "append" && candidate.name === name)!;
    return {
      name,
      table: `${name}_rows`,
      key: [...table.orderBy],
      columns: table.columns.map((column) => `${column.name} ${column.type}`),
      from: nodes.find(({ id }) => id === node.inputs[0])!.name,
      holds: "events",
    };
  });
}
