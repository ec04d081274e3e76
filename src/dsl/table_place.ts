import type { Graph } from "./graph.ts";
import type { RowTime } from "./logical.ts";
import { type Duration, durationUs } from "./time.ts";

/** Where a table stands within its topology. */
export interface Place {
  readonly graph: Graph;
  readonly node: number;
  readonly root: string;
}

/** Kept beside the tables and not in them: topology files see operators only. */
const places = new WeakMap<object, Place>();

/** Gives a new table its place. */
export function placed(table: object, place: Place): void {
  places.set(table, place);
}

/** Where a table stands. */
export function inside(table: object): Place {
  return places.get(table)!;
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
