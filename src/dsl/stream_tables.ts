import type { GroupSelector } from "./stream_nodes.ts";
import type { RowOf } from "./source.ts";
import { addTableChanges, type ToStreamOptions } from "./table_changes.ts";
import { aggregated, type WindowColumns, type WindowKey } from "./stream_aggregation.ts";
import { inside as streamPlace, type StreamPlace } from "./stream_place.ts";
import { inside } from "./table_place.ts";
import type { KTable } from "./tables.ts";

/** The columns of groups that are made of keys: those of a key that is an object, else one, named `C`. */
export type KeyGroup<K, C extends string> = [K] extends [RowOf | null] ? Extract<K, RowOf>
  : { readonly [column in C]: Exclude<K, null> };

/** The key of a change: that of the row, and the whole of its window. */
export type ChangeKey<K> = K extends WindowKey ? K & WindowColumns : K;

/** The column of a row that is shown by its own columns. */
const ROW = "row";

/** Of keys that are objects, their columns; a key of one value becomes the column that is named. */
export function keyColumns([name]: readonly string[]): GroupSelector {
  return (_, key) => key === null || name === undefined ? key : { [name]: key };
}

/** Adds the table of a stream's newest values. `groupBy`: the columns of an event's key. */
export function tableOf<K extends RowOf, R extends RowOf>(
  stream: object,
  { name, groupBy }: { readonly name: string; readonly groupBy: GroupSelector },
): KTable<K, R> {
  const { graph, node } = streamPlace(stream);
  const aggregates = { [ROW]: { spec: { kind: "newest" } } } as const;
  return aggregated(name, { inputs: [{ place: { graph, node, groupBy }, aggregates }], windows: null, emit: "update" });
}

/**
 * Adds the stream of a table's changes: of an aggregate's results over a stream as they change, of any other table as
 * its rows do. @throws TypeError for a global table, or for options that it cannot have
 */
export function changesOf(table: object, options: ToStreamOptions<never>): StreamPlace {
  const { graph, node, root } = inside(table);
  const folded = graph.nodes[node];
  if (folded.op !== "folded") return addTableChanges(table, options);
  for (const option of Object.keys(options)) {
    throw new TypeError(
      `Cannot give toStream() of "${folded.name}" a ${option}: results of an aggregate over a stream are events ` +
        "already, with the name and the times of the aggregate. Leave it out",
    );
  }
  const id = graph.addStream({ op: "updates", name: `${root}.toStream`, inputs: [folded.stream] });
  return { graph, node: id, root };
}
