import type { Graph } from "./graph.ts";

/** Operators whose results are made by a callback, so that nobody sees of which columns. */
const MADE: ReadonlySet<string> = new Set([
  ...["mapValues", "aggregate", "selectKey", "flatMapValues", "folded", "map", "flatMap"],
  ...["streamAggregate", "process", "repartition", "streamJoin", "tableJoin"],
]);

/** Where a table or a stream stands, and which columns of it are shown. */
interface Unmasking {
  readonly graph: Graph;
  readonly node: number;
  readonly columns: readonly string[];
  readonly ofStream?: true;
}

/**
 * Notes that columns of an operator's results hold nothing that is masked. What cannot be becomes a problem.
 * @throws TypeError once the topology is built
 */
export function unmasked<T extends object>(handle: T, { graph, node, columns, ofStream }: Unmasking): T {
  const nodes = ofStream ? graph.streams : graph.nodes;
  const { op, name, unmasked = [] } = nodes[node];
  graph.checkOpen(`unmask columns of "${name}"`);
  if (!MADE.has(op)) {
    graph.problems.push(
      `Cannot unmask ${
        columns.map((column) => `"${column}"`).join(", ")
      } of "${name}": no callback makes its columns, ` +
        'and what a source masks stays so. Take them out of "mask", or unmask behind the operator that makes them',
    );
  }
  (nodes as Record<number, unknown>)[node] = { ...nodes[node], unmasked: [...unmasked, ...columns] };
  return handle;
}
