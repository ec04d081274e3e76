import type { RowTime } from "./logical.ts";
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

/** Why rows of a global table cannot expire. */
export function notExpiring(table: object): TypeError {
  return new TypeError(
    `Cannot let rows of global table "${inside(table).root}" expire: each instance would do so by its own clock. ` +
      "Declare it with builder.table, or join it and let the joined rows expire",
  );
}
