import type { GroupSelector } from "./stream_nodes.ts";
import type { RowOf } from "./source.ts";
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

/** Adds the stream of an aggregate's results as they change. @throws TypeError for tables of other kinds */
export function changesOf(table: object): StreamPlace {
  const { graph, node, root } = inside(table);
  const folded = graph.nodes[node];
  if (folded.op !== "folded") {
    throw new TypeError(
      `Cannot make a stream of "${folded.name}": its rows come from a table's topic, and a start evaluates all of ` +
        "them again. Use aggregates of streams, or read the topic as a stream: builder.stream(source)",
    );
  }
  const id = graph.addStream({ op: "updates", name: `${root}.toStream`, inputs: [folded.stream] });
  return { graph, node: id, root };
}
