import type { PlanEdge, PlannedTopology } from "../api/contract.ts";

/** Ids of everything that rows of a node come from or go to, itself included. */
export function reachOf(id: string, edges: readonly PlanEdge[]): ReadonlySet<string> {
  return new Set([
    ...walk(id, edges.map(({ from, to }) => [from, to] as const)),
    ...walk(id, edges.map(({ from, to }) => [to, from] as const)),
  ]);
}

function walk(start: string, steps: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of steps) next.set(from, [...next.get(from) ?? [], to]);
  const seen = new Set([start]);
  for (const id of seen) for (const to of next.get(id) ?? []) seen.add(to);
  return seen;
}

/** The part of a topology that a node has to do with. */
export function partOf(
  { nodes, edges }: Pick<PlannedTopology, "nodes" | "edges">,
  reach: ReadonlySet<string>,
): Pick<PlannedTopology, "nodes" | "edges"> {
  return {
    nodes: nodes.filter(({ id }) => reach.has(id)),
    edges: edges.filter(({ from, to }) => reach.has(from) && reach.has(to)),
  };
}

/** Neighbours in the direction of an arrow key, for whoever walks the graph by keys. */
export function neighboursOf(id: string, edges: readonly PlanEdge[]) {
  return {
    before: edges.filter(({ to }) => to === id).map(({ from }) => from),
    after: edges.filter(({ from }) => from === id).map(({ to }) => to),
  };
}
