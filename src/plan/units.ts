import { isTotal } from "../dsl/aggregate_spec.ts";
import {
  type FoldedNode,
  type GroupedNode,
  inputsOf,
  isGrouped,
  type LogicalNode,
  type SourceNode,
} from "../dsl/logical.ts";
import type { SourceSpec } from "../dsl/source.ts";
import { keyColumnsOf } from "../dsl/key_columns.ts";
import type { Topology } from "../dsl/topology.ts";
import { sameWire } from "./key_place.ts";
import { readsTable, unreadTables } from "./unread.ts";

/**
 * Partition count of a topic, or undefined while nobody knows it (describe without a log): then same counts are
 * assumed.
 */
export type PartitionsOf = (topic: string) => number | undefined;

/**
 * Which tasks evaluate which operators. Every operator runs where its row lives, so it belongs to the unit of its
 * input; a same-key join or union of two sources with equal partition counts makes one unit of both, as does that of
 * two aggregates unless one needs the other.
 */
export interface Units {
  /** Unit of each node by id, or {@link NO_UNIT}. */
  readonly unitOf: readonly number[];
  /** For each unit: the nodes (sources, or aggregates used further) whose rows it holds. One node for each topic. */
  readonly members: ReadonlyMap<number, readonly number[]>;
  readonly problems: readonly string[];
  /** Same-key joins that are looked up like a foreign key instead. */
  readonly lookedUp: ReadonlySet<number>;
}

/**
 * The unit of an aggregate whose shares go straight to its sinks, and of these sinks: no tasks hold its totals. And of
 * tables that no task need hold.
 */
export const NO_UNIT = -1;

/** Divides the operators of a topology into units. */
export function divide(topology: Topology, partitionsOf: PartitionsOf): Units {
  const { nodes } = topology;
  const parent = nodes.map((_, id) => id);
  const find = (id: number): number => parent[id] === id ? id : (parent[id] = find(parent[id]));
  const unite = (a: number, b: number) => {
    const [low, high] = [find(a), find(b)].sort((x, y) => x - y);
    parent[high] = low;
  };
  const division: Division = { nodes, find };
  const problems: string[] = [];
  const lookedUp = new Set<number>();
  for (const node of nodes) {
    if (node.op === "source") {
      const twin = nodes.find((other) => other.op === "source" && other.id < node.id && sameTable(other, node));
      if (twin !== undefined) unite(twin.id, node.id);
    } else if (node.op === "keyJoin" || node.op === "union") {
      unite(node.id, node.input);
      const verdict = coPartitioned(nodes, memberNodes(division, [node.input, node.right]), partitionsOf) ??
        waitingInCircle(division, [node.input, node.right]);
      if (verdict === null) unite(node.id, node.right);
      else if (node.op === "union") {
        problems.push(
          `Cannot make the union "${node.name}": ${verdict.reason}. Give both sides their key by selectKey`,
        );
      } else if (node.kind === "outer") {
        problems.push(`Cannot join "${node.name}" as outer join: ${verdict.reason}. ${verdict.remedy}`);
      } else lookedUp.add(node.id);
    } else if (!isRoot(node)) {
      unite(node.id, node.input);
    }
  }
  const unread = unreadTables(topology);
  // A topic cannot add up shares: it is written by whoever holds the totals.
  const usedFurther = (id: number) =>
    nodes.some((node) => readsTable(node, id) && (node.op !== "sink" || node.sink.output !== undefined));
  const needsNoTask = (node: LogicalNode) =>
    isGrouped(node) ? isAddedByView(node) && !usedFurther(node.id) : unread.has(node.id);
  const unitOf = nodes.map((node) => needsNoTask(node) ? NO_UNIT : find(node.id));
  for (const node of nodes) {
    if (node.op === "sink" && unitOf[node.input] === NO_UNIT) (unitOf as number[])[node.id] = NO_UNIT;
  }
  const members = new Map<number, number[]>();
  for (const node of nodes) {
    if (!isRoot(node) || unitOf[node.id] === NO_UNIT) continue;
    const list = members.get(unitOf[node.id]) ?? [];
    const known = node.op === "source" && list.some((id) => sameTable(nodes[id], node));
    if (!known) list.push(node.id);
    members.set(unitOf[node.id], list);
  }
  return { unitOf, members, problems, lookedUp };
}

/** Of totals that a view cannot make of shares, merge tasks hold the rows, whoever takes them. */
function isAddedByView(node: GroupedNode): boolean {
  return node.op === "aggregate" && Object.values(node.aggregates).every(isTotal);
}

function sameTable(a: LogicalNode, b: LogicalNode): boolean {
  return a.op === "source" && b.op === "source" && a.global === b.global && a.source.topic === b.source.topic;
}

/** Units while they are made. */
interface Division {
  readonly nodes: readonly LogicalNode[];
  /** The unit that a node belongs to so far. */
  readonly find: (id: number) => number;
}

function memberNodes(
  { nodes, find }: Division,
  of: readonly number[],
): LogicalNode[] {
  const units = new Set(of.map(find));
  return nodes.filter((node) => isRoot(node) && units.has(find(node.id)));
}

/** Whether a table has rows of its own. */
function isRoot(node: LogicalNode): node is SourceNode | FoldedNode | GroupedNode {
  return node.op === "source" || node.op === "folded" || isGrouped(node);
}

/** Why one task cannot have the rows of both sides, and what to do about an outer join. */
interface Verdict {
  readonly reason: string;
  readonly remedy: string;
}

/** Null if all members' rows of one key are in the same partition; else why not. */
function coPartitioned(
  nodes: readonly LogicalNode[],
  members: readonly LogicalNode[],
  partitionsOf: PartitionsOf,
): Verdict | null {
  const sources = members.filter((node): node is SourceNode => node.op === "source");
  const folded = members.filter(({ op }) => op === "folded").length;
  if (folded > 0 && folded < members.length) {
    return {
      reason: "one side is an aggregate of a stream and the other is not, which are partitioned differently",
      remedy: "Aggregate both sides, or use leftJoin",
    };
  }
  if (sources.length === 0) return null;
  if (sources.length < members.length) {
    return {
      reason: "one side is a topic and the other an aggregate, which are partitioned differently",
      remedy: "Aggregate both sides, or use leftJoin",
    };
  }
  const columns = new Set(sources.map((node) => node.source.key.join(",")));
  if (columns.size > 1) {
    return {
      reason: `the key columns have different names (${
        [...columns].join(" and ")
      }), so equal keys are in different partitions`,
      remedy: "Use leftJoin",
    };
  }
  const counts = sources.map((node) => ({ topic: node.source.topic, partitions: partitionsOf(node.source.topic) }));
  const known = counts.filter((count) => count.partitions !== undefined);
  const [first, ...others] = sources.map((node) => keyColumnsOf(node.source));
  if (counts.some(({ partitions }) => partitions !== 1) && !others.every((columns) => sameWire(first, columns))) {
    return {
      reason: "the connector writes equal keys of both sides in different forms, so they are in different partitions",
      remedy: "Use leftJoin, or give both topics one partition",
    };
  }
  if (new Set(known.map((count) => count.partitions)).size <= 1 && nodes.length > 0) return null;
  const list = known.map((count) => `"${count.topic}" has ${count.partitions} partitions`).join(", ");
  return { reason: list, remedy: "Give the topics the same number of partitions, or use leftJoin" };
}

/**
 * Null if the totals of both sides may be held by one kind of task; else why not. Such a task begins when
 * the shares of all its aggregates are there, so none of these may need, at any remove, the totals that this very task
 * would serve.
 */
function waitingInCircle(
  { nodes, find }: Division,
  united: readonly [number, number],
): Verdict | null {
  const [left, right] = united.map(find);
  const unitOf = (id: number) => find(id) === right ? left : find(id);
  const waitsFor = (unit: number): Set<number> =>
    new Set(
      nodes.filter((node) => isGrouped(node) && unitOf(node.id) === unit)
        .flatMap((node) => [...ancestorsOf(nodes, node.id)]).map(unitOf)
        .filter((other) => nodes.some((node) => isGrouped(node) && unitOf(node.id) === other)),
    );
  const reached = waitsFor(left);
  for (const unit of reached) for (const next of waitsFor(unit)) reached.add(next);
  if (!reached.has(left)) return null;
  return {
    reason: "one side is made of the totals of the other, so neither could begin before the other",
    remedy: "Use leftJoin",
  };
}

/** Every node from which this one is made. */
function ancestorsOf(nodes: readonly LogicalNode[], id: number): Set<number> {
  const ancestors = new Set<number>();
  const waiting = [id];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const input of inputsOf(nodes[at])) {
      if (ancestors.has(input)) continue;
      ancestors.add(input);
      waiting.push(input);
    }
  }
  return ancestors;
}

/** The union of all declarations of one topic: a column that any use picked is read. */
export function mergedSource(topology: Topology, of: SourceNode): SourceSpec {
  let merged = of.source;
  for (const node of topology.nodes) {
    if (node.op === "source" && node !== of && sameTable(node, of)) {
      merged = { ...merged, row: merged.row.extend(node.source.row.shape) as SourceSpec["row"] };
    }
  }
  return merged;
}
