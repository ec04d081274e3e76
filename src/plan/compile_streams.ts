import type { AppendSpec } from "../dsl/append_sink.ts";
import type { EventsNode, GlobalJoinNode, StreamNode } from "../dsl/stream_nodes.ts";
import type { AppendTableSpec } from "../ports/warehouse.ts";
import type { AppendPlan, LookupPlan, StreamPlan } from "./physical.ts";

/** A register of a global table, as a stream looks it up; null for a table of another kind. */
type RightSide = (node: number) => Omit<LookupPlan, "name" | "global"> | null;

/** One plan for each topic of events, and what cannot be planned. */
export function compileStreams(
  nodes: readonly StreamNode[],
  rightSide: RightSide,
): { readonly streams: StreamPlan[]; readonly problems: string[] } {
  const problems: string[] = [];
  const lookupOf = ({ name, right }: GlobalJoinNode): LookupPlan[] => {
    const place = rightSide(right);
    if (place !== null) return [{ name, global: true, ...place }];
    problems.push(`Cannot join "${name}": a stream takes global tables only. Declare it with builder.globalTable`);
    return [];
  };
  const sources = nodes.filter((node): node is EventsNode => node.op === "events");
  const streams = sources.map((source, index): StreamPlan => {
    const reached = reachedFrom(nodes, source.id);
    return {
      index,
      name: `stream.${source.name}`,
      source: source.source,
      nodes: reached,
      lookups: reached.flatMap((node) => node.op === "globalJoin" ? lookupOf(node) : []),
      sinks: reached.flatMap((node): AppendPlan[] =>
        node.op === "append" ? [{ name: node.name, table: appendTable(node.sink) }] : []
      ),
    };
  });
  return { streams, problems: [...new Set(problems)] };
}

/** The operators that events of one topic reach. */
function reachedFrom(nodes: readonly StreamNode[], source: number): StreamNode[] {
  const reached = new Set([source]);
  for (const node of nodes) if (node.inputs.some((input) => reached.has(input))) reached.add(node.id);
  return nodes.filter(({ id }) => reached.has(id));
}

function appendTable({ name, columns, orderBy, partitionBy, ttl, indexes }: AppendSpec): AppendTableSpec {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
    orderBy,
    ...(partitionBy === null ? {} : { partitionBy }),
    ...(ttl === null ? {} : { ttl }),
    indexes,
  };
}
