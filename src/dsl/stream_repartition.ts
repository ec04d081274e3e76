import type { EventCallback } from "./events.ts";
import type { RowOf } from "./source.ts";
import type { AnyKey, AnyRow } from "./logical.ts";
import { inside, type StreamPlace } from "./stream_place.ts";

/** How events are divided anew. */
export interface RepartitionOptions {
  /**
   * Partitions of the internal topic when it is made; default: as many as the widest topic that the topology's streams
   * read. Their number stays.
   */
  readonly partitions?: number;
}

/** The same by columns of the events. */
export interface RepartitionOnOptions<K, V, G extends RowOf> extends RepartitionOptions {
  /** The columns by which an event is keyed from then on; null leaves the event out, and counts it. */
  readonly on: EventCallback<K, V, G | null>;
}

/** The column that stands for a key of one value. */
const KEY = "key";

/** Adds the internal topic behind a stream. */
export function repartitioned(
  stream: object,
  { name, options }: {
    readonly name: string;
    readonly options: RepartitionOptions & Partial<RepartitionOnOptions<AnyKey, AnyRow, RowOf>>;
  },
): StreamPlace {
  const { graph, node } = inside(stream);
  const { on, partitions = null } = options;
  graph.claim(name, "Give one of the operators another name");
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    graph.problems.push(
      `Cannot use "${name}" as a name of repartition(): it names a topic. Use letters, digits, "-" and "_"`,
    );
  }
  if (partitions !== null && !(Number.isInteger(partitions) && partitions > 0)) {
    graph.problems.push(`Cannot divide "${name}" into ${partitions} partitions: use an integer from 1 on`);
  }
  const id = graph.addStream({
    op: "repartition",
    name,
    inputs: [node],
    groupBy: on ?? ((_, key) => key === null ? null : { [KEY]: key }),
    bare: on === undefined ? KEY : null,
    partitions,
  });
  return { graph, node: id, root: name };
}
