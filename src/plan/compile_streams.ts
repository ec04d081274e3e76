import type { AppendSpec } from "../dsl/append_sink.ts";
import {
  type EventsNode,
  type GlobalJoinNode,
  isStateful,
  type StatefulNode,
  type StreamNode,
} from "../dsl/stream_nodes.ts";
import { keyColumnsOf } from "../dsl/key_columns.ts";
import type { FilterNode, LogicalNode, MapValuesNode } from "../dsl/logical.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { Topology } from "../dsl/topology.ts";
import type { AppendTableSpec } from "../ports/warehouse.ts";
import { appendStorageProblems } from "./storage_problems.ts";
import type {
  AppendPlan,
  EventFlow,
  LookupPlan,
  ShufflePlan,
  StagePlan,
  StreamPlan,
  TableChanges,
} from "./physical.ts";

/** A register of a global table, as a stream looks it up; null for a table of another kind. */
type RightSide = (node: number) => Omit<LookupPlan, "name" | "global"> | null;

/** One plan for each topic of events and for each stateful operator, and what cannot be planned. */
export function compileStreams(
  { name: topology, streams: nodes, nodes: tables }: Topology,
  rightSide: RightSide,
): { readonly streams: StreamPlan[]; readonly stages: StagePlan[]; readonly problems: string[] } {
  const problems: string[] = [];
  const lookupOf = ({ name, right }: GlobalJoinNode): LookupPlan[] => {
    const place = rightSide(right);
    if (place !== null) return [{ name, global: true, ...place }];
    problems.push(`Cannot join "${name}": a stream takes global tables only. Declare it with builder.globalTable`);
    return [];
  };
  for (const node of nodes) if (node.op === "append") problems.push(...appendStorageProblems(node.sink));
  const stateful = nodes.filter(isStateful);
  const flowFrom = (root: number): EventFlow => {
    const reached = reachedFrom(nodes, root);
    return {
      nodes: reached,
      lookups: reached.flatMap((node) => node.op === "globalJoin" ? lookupOf(node) : []),
      sinks: reached.flatMap((node): AppendPlan[] =>
        node.op === "append" ? [{ name: node.name, table: appendTable(node.sink) }] : []
      ),
      outputs: reached.flatMap((node) => node.op === "output" ? [{ topic: node.sink.topic, node }] : []),
      shuffles: stateful.flatMap((node, stage) => shufflesInto(node, { stage, reached })),
    };
  };
  const sources = nodes.filter((node): node is EventsNode => node.op === "events");
  const streams = sources.map((source, index): StreamPlan => ({
    index,
    name: streamName(source),
    source: source.source,
    ...flowFrom(source.id),
  }));
  const stages = stateful.map((node, index): StagePlan => ({
    index,
    name: `stage.${node.name}`,
    node,
    repartition: `weir.${topology}.${node.name}.repartition`,
    changelog: changelogTopic(topology, node),
    ...flowFrom(node.id),
  }));
  const changes = changesOfTables(stateful, tables);
  for (const { source } of sources) {
    if (!changes.some((plan) => plan.source.topic === source.topic)) continue;
    problems.push(
      `Cannot read topic "${source.topic}" as a stream and join streams with its table: both would be one task's. ` +
        "Join with builder.globalTable(...), or with an aggregate of the stream",
    );
  }
  streams.push(...changes.map((plan, index) => ({ ...plan, index: sources.length + index })));
  return { streams, stages, problems: [...new Set(problems)] };
}

/** One stream for each topic of tables that streams are joined with: its changes, into these joins. */
function changesOfTables(stages: readonly StatefulNode[], tables: readonly LogicalNode[]): Omit<StreamPlan, "index">[] {
  const plans = new Map<string, { source: SourceSpec; into: TableChanges["into"][number][] }>();
  for (const [stage, node] of stages.entries()) {
    if (node.op !== "tableJoin") continue;
    const steps: (FilterNode | MapValuesNode)[] = [];
    let at = tables[node.right];
    for (; at.op === "filter" || at.op === "filterNot" || at.op === "mapValues"; at = tables[at.input]) {
      steps.unshift(at);
    }
    // The declaration refuses all other tables.
    if (at.op !== "source") continue;
    const { source } = at;
    const known = plans.getOrInsertComputed(source.topic, () => ({ source, into: [] }));
    known.source = { ...known.source, row: known.source.row.extend(source.row.shape) as SourceSpec["row"] };
    known.into.push({ shuffle: { stage, input: 1, from: -1 }, steps });
  }
  return [...plans.values()].map(({ source, into }) => {
    const name = `${source.name}.changes`;
    const { topic } = source;
    return {
      name: streamName({ name }),
      source: {
        name,
        topic,
        key: "text",
        value: "text",
        time: null,
        from: "earliest",
        nullValues: true,
        dropsRepeats: false,
        changes: null,
      },
      changes: { source, keyColumns: keyColumnsOf(source), into },
      ...{ nodes: [], lookups: [], sinks: [], outputs: [], shuffles: into.map(({ shuffle }) => shuffle) },
    };
  });
}

/** Topic of what a stateful operator keeps. */
export function changelogTopic(topology: string, { name }: StatefulNode): string {
  return `weir.${topology}.${name}.changelog`;
}

/** The inputs of a stateful operator that are among the nodes. */
function shufflesInto(
  { inputs }: StatefulNode,
  { stage, reached }: { readonly stage: number; readonly reached: readonly StreamNode[] },
): ShufflePlan[] {
  return inputs.flatMap((from, input) => reached.some(({ id }) => id === from) ? [{ stage, input, from }] : []);
}

/** The operators that events of one topic, or the results of a stateful operator, reach. */
function reachedFrom(nodes: readonly StreamNode[], root: number): StreamNode[] {
  const reached = new Set([root]);
  for (const node of nodes) {
    if (!isStateful(node) && node.inputs.some((input) => reached.has(input))) reached.add(node.id);
  }
  return nodes.filter(({ id }) => reached.has(id));
}

function appendTable({ name, columns, orderBy, partitionBy, ttl, indexes, storage }: AppendSpec): AppendTableSpec {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
    orderBy,
    ...(partitionBy === null ? {} : { partitionBy }),
    ...(ttl === null ? {} : { ttl }),
    indexes,
    ...(storage === undefined ? {} : { storage }),
  };
}

/** Of the tasks of a stream. */
export function streamName({ name }: { readonly name: string }): string {
  return `stream.${name}`;
}
