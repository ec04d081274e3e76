import type { Graph } from "./graph.ts";

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
