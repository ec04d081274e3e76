import type { Graph } from "./graph.ts";
import type { AnyRow, RowTime } from "./logical.ts";
import { inside, type Place } from "./table_place.ts";
import { type Duration, durationUs } from "./time.ts";

/** @throws TypeError for tables of two topologies, which nothing can join */
export function sameTopology({ left, right }: { left: object; right: object }, name: string): void {
  const { graph } = inside(left);
  if (inside(right).graph !== graph) {
    throw new TypeError(`Cannot join "${name}" with a table of another topology. Declare both with the same builder`);
  }
}

/** Of rows of `left` with the rows of `right` whose keys they hold. */
export function foreignKeyJoin(
  left: object,
  right: object,
  join: { kind: "inner" | "left"; column: string; foreignKey: (value: never, key: never) => unknown },
): Place {
  sameTopology({ left, right }, join.column);
  const { graph, node, root } = inside(left);
  const name = `${root}.${join.column}`;
  graph.claim(name, "Give one of the joins another column name");
  const { foreignKey, ...rest } = join;
  const id = graph.add({
    op: "foreignKeyJoin",
    name,
    input: node,
    right: inside(right).node,
    ...rest,
    foreignKey: foreignKey as never,
  });
  return { graph, node: id, root };
}

/** Of the rows for which a predicate holds, or does not. */
export function filtered(
  table: object,
  filter: { op: "filter" | "filterNot"; predicate: (value: never, key: never) => boolean },
): Place {
  const { graph, node, root } = inside(table);
  const id = graph.add({ ...filter, name: `${root}.${filter.op}`, input: node, predicate: filter.predicate as never });
  return { graph, node: id, root };
}

/** Of the table's rows as long as they are young. @throws TypeError for what is no duration */
export function expiring(table: object, { time, after }: { readonly time: RowTime; readonly after: Duration }): Place {
  const { graph, node, root } = inside(table);
  const name = `${root}.expireAfter`;
  const id = graph.add({ op: "expireAfter", name, input: node, time, durationUs: durationUs(after) });
  return { graph, node: id, root };
}

/** By graph: what evaluates an operator of a global table in tasks. */
const counterparts = new WeakMap<Graph, Map<number, number>>();

/**
 * The rows of a global table as those of tasks: its topic as a partitioned table, and its operators, whose joins are
 * with global tables.
 */
export function partitioned(table: object): Place {
  const { graph, node, root } = inside(table);
  let known = counterparts.get(graph);
  if (known === undefined) counterparts.set(graph, known = new Map());
  const counterpart = (id: number): number => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const of = graph.nodes[id];
    // Results of streams are in tasks already.
    if (of.op === "folded") return id;
    const made = of.op === "source"
      ? graph.source(of.source, false)
      : graph.add({ ...of, input: counterpart(of.input) });
    known.set(id, made);
    return made;
  };
  return { graph, node: counterpart(node), root };
}

/** Why rows of a global table cannot expire. */
export function notExpiring(table: object): TypeError {
  return new TypeError(
    `Cannot let rows of global table "${inside(table).root}" expire: each instance would do so by its own clock. ` +
      "Declare it with builder.table, or join it and let the joined rows expire",
  );
}

/** Of the rows of both tables. */
export function united(left: object, right: object): Place {
  const { graph, node, root } = inside(left);
  const name = `${root}.union`;
  sameTopology({ left, right }, name);
  return { graph, node: graph.add({ op: "union", name, input: node, right: inside(right).node }), root };
}

/** Of the table's rows under other keys. */
export function rekeyed(
  table: object,
  { name, selector }: { readonly name: string; readonly selector: (value: never, key: never) => AnyRow },
): Place {
  const { graph, node } = inside(table);
  graph.claimTable(name);
  const id = graph.add({ op: "selectKey", name, input: node, selector: selector as never });
  return { graph, node: id, root: name };
}

/** How many parts a row may have. */
export interface PartOptions {
  /** Default 1,000. */
  readonly max?: number;
}

/** Parts of a row, if it is not said how many it may have. */
const PARTS_MAX = 1_000;

/** Of the parts of the table's rows */
export function parts(
  table: object,
  { name, mapper, position, key, max = PARTS_MAX }: PartOptions & {
    readonly name: string;
    readonly mapper: (value: never, key: never) => readonly AnyRow[];
    readonly position?: string;
    readonly key?: string;
  },
): Place {
  const { graph, node } = inside(table);
  graph.claimTable(name);
  if (!Number.isSafeInteger(max) || max < 1) {
    graph.problems.push(`Cannot let rows of "${name}" have ${max} parts at most: give an integer from 1`);
  }
  const part = { column: position ?? key ?? "", counted: position !== undefined };
  const id = graph.add({ op: "flatMapValues", name, input: node, mapper: mapper as never, part, most: max });
  return { graph, node: id, root: name };
}
