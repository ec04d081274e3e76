import type { LogicalNode } from "../../dsl/logical.ts";
import { isStateful, type StreamNode } from "../../dsl/stream_nodes.ts";
import type { Topology } from "../../dsl/topology.ts";
import type { OperatorDescription, TopologyDescription } from "../../plan/description.ts";

/** An operator as a box: `op<id>` of tables, `ev<id>` of streams. */
export interface GraphNode {
  readonly id: string;
  readonly label: string;
  /** What it does: `inner foreignKeyJoin`. */
  readonly op: string;
  /** That it reads; null if it reads none. */
  readonly topic: string | null;
  readonly kind: "source" | "stream" | "operator" | "stage" | "global" | "sink" | "output";
  /** What its dead letters have as `operator`. */
  readonly letters: string;
  /** Lines that say more. */
  readonly detail: readonly string[];
}

/** How rows come from one operator to another. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "local" | "subscribed" | "replicated" | "repartition" | "write";
}

/** A topology as a graph that can be drawn: what runs, and what comes from where. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** The graph of a described topology. Inputs come before what takes them. */
export function planGraph(description: TopologyDescription, topology: Topology): Graph {
  const { operators } = description;
  const known = new Map(operators.map((operator) => [operator.id, operator]));
  const used = new Map(
    [...description.streams, ...description.stages].flatMap(({ name, operators }) =>
      operators.map(({ id }) => [id, name] as const)
    ),
  );
  const streams = topology.streams.filter(({ id }) => used.has(id));
  return {
    nodes: [
      ...operators.map((operator) => tableNode(operator, description)),
      ...streams.map((node) => streamNode(node, { place: used.get(node.id)!, description })),
    ],
    edges: [
      ...operators.flatMap((operator) => tableEdges(operator, known)),
      ...operators.flatMap(({ id }) => resultEdges(topology.nodes[id])),
      ...streams.flatMap((node) => streamEdges(node, topology)),
      ...streams.flatMap((node) => changesEdges(node, topology)),
    ],
  };
}

function tableNode(operator: OperatorDescription, { sources, sinks }: TopologyDescription): GraphNode {
  const { id, name, op, kind, runsAt, partner, expires, part, totals } = operator;
  const source = sources.find((one) => one.name === name);
  const sink = op === "sink" ? sinks.find((one) => one.name === name) : undefined;
  return {
    id: `op${id}`,
    label: name,
    kind: op === "source"
      ? runsAt === "every instance" ? "global" : "source"
      : op === "sink"
      ? sink === undefined ? "output" : "sink"
      : "operator",
    op: kind === undefined ? op : `${kind} ${op}`,
    topic: op === "source" ? source?.topic ?? null : null,
    letters: op === "sink" ? `sink ${name}` : op === "source" ? source?.topic ?? name : name,
    detail: [
      kind === undefined ? op : `${kind} ${op}`,
      ...op === "source" && source !== undefined ? [`topic ${source.topic}`, `key ${source.key.join(", ")}`] : [],
      ...partner === undefined ? [] : [partner],
      ...expires === undefined ? [] : [`until ${expires}`],
      ...part === undefined ? [] : [`parts by ${part}`],
      ...totals ?? [],
      ...sink === undefined ? [] : [`key ${sink.key.join(", ")}`, `holds ${sink.holds}`],
      ...op === "sink" ? [] : [runsAt],
    ],
  };
}

function tableEdges(
  { id, op, inputs, partner, runsAt }: OperatorDescription,
  known: ReadonlyMap<number, OperatorDescription>,
): GraphEdge[] {
  return inputs.map((input, side) => {
    const elsewhere = known.get(input)!.runsAt !== runsAt;
    const kind = op === "sink"
      ? "write"
      : side === 1 && partner !== undefined && partner !== "copartitioned"
      ? partner
      : elsewhere
      ? "repartition"
      : "local";
    return { from: `op${input}`, to: `op${id}`, kind };
  });
}

/** Rows of an aggregate over a stream. */
function resultEdges(node: LogicalNode): GraphEdge[] {
  return node.op === "folded" ? [{ from: `ev${node.stream}`, to: `op${node.id}`, kind: "local" }] : [];
}

/** Changes of a table, which come to their stream by a topic of the topology's own. */
function changesEdges(node: StreamNode, { nodes }: Topology): GraphEdge[] {
  if (node.op !== "events" || !node.source.internal) return [];
  return nodes.flatMap((one) =>
    one.op === "sink" && one.sink.output?.topic === node.source.topic
      ? [{ from: `op${one.id}`, to: `ev${node.id}`, kind: "repartition" }]
      : []
  );
}

function streamNode(
  node: StreamNode,
  { place, description: { streams, stages } }: { readonly place: string; readonly description: TopologyDescription },
): GraphNode {
  const topic = streams.find(({ name }) => name === place)?.topic;
  const stage = stages.find(({ operators: [root] }) => root.id === node.id);
  return {
    id: `ev${node.id}`,
    label: node.name,
    kind: node.op === "events"
      ? "stream"
      : node.op === "append"
      ? "sink"
      : node.op === "output"
      ? "output"
      : isStateful(node)
      ? "stage"
      : "operator",
    op: node.op === "globalJoin" ? `${node.kind} ${node.op}` : node.op,
    topic: node.op === "events" ? topic ?? null : null,
    letters: node.op === "append" ? `sink ${node.name}` : node.op === "events" ? topic ?? node.name : node.name,
    detail: [
      node.op === "globalJoin" ? `${node.kind} ${node.op}` : node.op,
      ...node.op === "events" && topic !== undefined ? [`topic ${topic}`] : [],
      ...stage === undefined ? [] : [stage.does],
      ...node.op === "output" && node.sink.guarantee === "exactly_once" ? ["exactly once"] : [],
      `tasks of ${place}`,
    ],
  };
}

function streamEdges(node: StreamNode, { streams }: Topology): GraphEdge[] {
  const to = `ev${node.id}`;
  const kind = node.op === "append" || node.op === "output" ? "write" : isStateful(node) ? "repartition" : "local";
  const edges = node.inputs.filter((input) => streams[input] !== undefined).map((input): GraphEdge => (
    { from: `ev${input}`, to, kind }
  ));
  if (node.op === "globalJoin") edges.push({ from: `op${node.right}`, to, kind: "replicated" });
  if (node.op === "tableJoin") edges.push({ from: `op${node.right}`, to, kind: "repartition" });
  return edges;
}
