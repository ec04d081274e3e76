import type { AppendSink } from "./append_sink.ts";
import type { RecordMetadata } from "./events.ts";
import type { Graph } from "./graph.ts";
import type { KeyOf, RowOf } from "./source.ts";
import type { StreamNode } from "./stream_nodes.ts";
import { inside as tablePlace } from "./table_place.ts";
import type { With } from "./global_rows.ts";
import type { GlobalKTable } from "./global_tables.ts";

/** What a stream's callbacks see: the event's value, its key, and where it comes from. */
export type EventCallback<K, V, R> = (value: V, key: K, metadata: RecordMetadata) => R;

/** @ignore The branches of {@link KStream.split}: names, and which events go into them. */
export type Branches<K, V> = Readonly<Record<string, EventCallback<K, V, boolean>>>;

/** The operators of stream number `node`; its name is what all of its operators begin with. */
interface StreamPlace {
  readonly graph: Graph;
  readonly node: number;
  readonly root: string;
}

const places = new WeakMap<object, StreamPlace>();

/**
 * Events, one after the other as their partition has them. None replaces another one, and none is ever taken back.
 * Immutable: branching is reuse. Callbacks get the value, the key and the record's metadata, and must not wait for
 * anything.
 */
export class KStream<K, V> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~value": V;

  /** @ignore Made by the builder and by other streams. */
  constructor(place: StreamPlace) {
    places.set(this, place);
  }

  /** Events for which `predicate` holds. */
  filter(predicate: EventCallback<K, V, boolean>): KStream<K, V> {
    return this.#then({ op: "filter", predicate });
  }

  /** Events for which `predicate` does not hold. */
  filterNot(predicate: EventCallback<K, V, boolean>): KStream<K, V> {
    return this.#then({ op: "filter", predicate: (value, key, metadata) => !predicate(value, key, metadata) });
  }

  /** Each value replaced by `mapper(value)`; the key stays. */
  mapValues<R>(mapper: EventCallback<K, V, R>): KStream<K, R> {
    return this.#then({ op: "mapValues", mapper });
  }

  /** Each event replaced by one for each of the values, in their order; the key stays. */
  flatMapValues<R>(mapper: EventCallback<K, V, Iterable<R>>): KStream<K, R> {
    return this.#then({ op: "flatMapValues", mapper });
  }

  /** Each event replaced by the key and the value that `mapper` gives. */
  map<RK, R>(mapper: EventCallback<K, V, readonly [RK, R]>): KStream<RK, R> {
    return this.#then({ op: "map", mapper });
  }

  /** Each event replaced by one for each of the pairs of key and value, in their order. */
  flatMap<RK, R>(mapper: EventCallback<K, V, Iterable<readonly [RK, R]>>): KStream<RK, R> {
    return this.#then({ op: "flatMap", mapper });
  }

  /** Each event under the key that `mapper` gives. */
  selectKey<RK>(mapper: EventCallback<K, V, RK>): KStream<RK, V> {
    return this.#then({ op: "selectKey", mapper });
  }

  /** Calls `action` for each event as it goes by. After a crash it may be called again for the same event. */
  peek(action: EventCallback<K, V, void>): KStream<K, V> {
    return this.#then({ op: "peek", action });
  }

  /** As {@link peek}, where the stream ends. */
  forEach(action: EventCallback<K, V, void>): void {
    this.#then({ op: "peek", action });
  }

  /** The events of both streams. Those of one partition of a topic keep their order, and no others. */
  merge(other: KStream<K, V>): KStream<K, V> {
    const { graph, node, root } = inside(this);
    if (inside(other).graph !== graph) {
      throw new TypeError("Cannot merge streams of two topologies. Declare both with the same builder");
    }
    const id = graph.addStream({ op: "merge", name: `${root}.merge`, inputs: [node, inside(other).node] });
    return new KStream({ graph, node: id, root });
  }

  /**
   * Divides the stream: each event goes into the first branch whose predicate holds, or into `rest`.
   *
   * @example const { big, rest } = orders.split({ big: (order) => order.total > 1000 });
   */
  split<B extends Branches<K, V>>(branches: B): { readonly [N in keyof B | "rest"]: KStream<K, V> } {
    if ("rest" in branches) {
      throw new TypeError('Cannot name a branch "rest": it has the events of no other branch. Choose another name');
    }
    const predicates = Object.values(branches);
    const streams = [...Object.keys(branches), "rest"].map((name, branch) =>
      [name, this.#then<K, V>({ op: "branch", predicates, branch }, name)] as const
    );
    return Object.fromEntries(streams) as { readonly [N in keyof B | "rest"]: KStream<K, V> };
  }

  /**
   * Each event with the row of a global table, as it is when the event is processed, under the column `name`; events
   * without a partner are left out. A later change of the row changes nothing of what was processed. All of the table
   * is read before the first event is processed.
   */
  join<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: GlobalKTable<RK, RV>,
    foreignKey: EventCallback<K, V, NoInfer<KeyOf<RK>>>,
  ): KStream<K, With<V, N, RV>> {
    return this.#join("inner", { column: name, right, foreignKey });
  }

  /** As {@link join}, but an event without a partner stays, with null under `name`; the foreign key may be null. */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: GlobalKTable<RK, RV>,
    foreignKey: EventCallback<K, V, NoInfer<KeyOf<RK>> | null>,
  ): KStream<K, With<V, N, RV | null>> {
    return this.#join("left", { column: name, right, foreignKey });
  }

  /** Adds every event to a ClickHouse table, exactly once. */
  to(this: KStream<K, V & RowOf>, sink: AppendSink<V & RowOf>): void {
    const { graph, node } = inside(this);
    graph.claim(`sink ${sink.spec.name}`, `Write each ClickHouse table from one place only; merge() the streams`);
    graph.addStream({ op: "append", name: sink.spec.name, inputs: [node], sink: sink.spec });
  }

  #join(
    kind: "inner" | "left",
    join: { readonly column: string; readonly right: object; readonly foreignKey: EventCallback<K, V, unknown> },
  ): KStream<K, never> {
    const { graph, node, root } = inside(this);
    const { column, right, foreignKey } = join;
    const table = tablePlace(right);
    if (table.graph !== graph) {
      throw new TypeError(
        `Cannot join "${column}" with a table of another topology. Declare both with the same builder`,
      );
    }
    const name = `${root}.${column}`;
    graph.claim(name, "Give one of the joins another column name");
    const id = graph.addStream({ op: "globalJoin", name, kind, inputs: [node], right: table.node, column, foreignKey });
    return new KStream({ graph, node: id, root });
  }

  #then<RK, R>(step: OneInput, suffix = step.op as string): KStream<RK, R> {
    const { graph, node, root } = inside(this);
    const id = graph.addStream({ ...step, name: `${root}.${suffix}`, inputs: [node] });
    return new KStream({ graph, node: id, root });
  }
}

type Unplaced<N> = N extends unknown ? Omit<N, "id" | "name" | "inputs"> : never;
type OneInput = Unplaced<Exclude<StreamNode, { op: "events" | "merge" | "append" }>>;

function inside(stream: object): StreamPlace {
  return places.get(stream)!;
}
