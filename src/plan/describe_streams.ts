import type { StreamNode } from "../dsl/stream_nodes.ts";
import type { SinkDescription, StreamDescription, StreamOperatorDescription } from "./description.ts";
import type { PhysicalPlan, StreamPlan } from "./physical.ts";

/** The streams of a plan: what they read, and what happens with each event. */
export function describeStreams({ streams }: PhysicalPlan): StreamDescription[] {
  return streams.map(({ name, source, nodes }) => ({
    name,
    topic: source.topic,
    key: source.key === "text" ? "text" : "json",
    columns: source.value === "text" ? null : Object.keys(source.value.shape),
    begins: source.from,
    operators: nodes.map((node) => operator(node, nodes)),
  }));
}

function operator(node: StreamNode, nodes: readonly StreamNode[]): StreamOperatorDescription {
  const { id, name, op } = node;
  // A merge has inputs of other streams, too.
  const inputs = node.inputs.filter((input) => nodes.some((other) => other.id === input));
  const plain = { id, name, op, inputs };
  return node.op === "globalJoin" ? { ...plain, kind: node.kind, right: node.right } : plain;
}

/** The tables that events are added to. */
export function describeAppends({ streams }: PhysicalPlan): SinkDescription[] {
  const known = new Map<string, SinkDescription>();
  for (const stream of streams) for (const sink of appendsOf(stream)) known.set(sink.name, sink);
  return [...known.values()];
}

function appendsOf({ nodes, sinks }: StreamPlan): SinkDescription[] {
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
