import type { AppendSink } from "./append_sink.ts";
import type { EventCallback } from "./events.ts";
import { KGroupedStream, type Reduced } from "./grouped_streams.ts";
import type { AnyKey, AnyRow } from "./logical.ts";
import type { KeyOf, RowOf } from "./source.ts";
import type { StatefulNode, StreamNode } from "./stream_nodes.ts";
import type { ProcessOptions } from "./processors.ts";
import type { Stores } from "./processor_stores.ts";
import { processed } from "./stream_process.ts";
import { repartitioned, type RepartitionOnOptions, type RepartitionOptions } from "./stream_repartition.ts";
import { type AnyJoinOptions, joined, type StreamJoinOptions, type TableJoinOptions } from "./stream_joins.ts";
import { inside, placed, type StreamPlace } from "./stream_place.ts";
import { keyColumns, type KeyGroup, tableOf } from "./stream_tables.ts";
import type { With } from "./global_rows.ts";
import type { OutputOptions, TopicSink } from "./topic_sink.ts";
import type { GlobalKTable } from "./global_tables.ts";
import type { KTable } from "./tables.ts";
import { unmasked } from "./unmasked.ts";

/** @ignore The branches of {@link KStream.split}: names, and which events go into them. */
export type Branches<K, V> = Readonly<Record<string, EventCallback<K, V, boolean>>>;

/**
 * Events, one after the other as their partition has them. None replaces another one, and none is ever taken back.
 * Immutable: branching is reuse. Callbacks get the value, the key and the record's metadata. They must not wait for
 * anything, and must not change what they get: others get it, too.
 */
export class KStream<K, V> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~value": V;

  /** @ignore Made by the builder and by other streams. */
  constructor(place: StreamPlace) {
    placed(this, place);
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

  /** Of what the operator's callback made of masked columns, these are shown to people: they hold nothing of them. */
  unmask(...columns: (keyof NonNullable<K> & string | keyof NonNullable<V> & string)[]): KStream<K, V> {
    return unmasked(this, { ...inside(this), columns, ofStream: true });
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
  ): KStream<K, With<V, N, RV>>;
  /**
   * Each event with the row of a table, under the column `name`; events without a partner are left out. The events and
   * the table's changes go through one internal topic, by the table's key, and its order counts: the row is the one
   * that the table had when the event came, or, with `versioned`, the one of the event's time. A change of a row has no
   * result. The results' key is the columns of the table's key. Where many have
   * gathered, as at the first start, events wait until the table has what its topic has, or with `versioned` for the
   * changes of their time.
   */
  join<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV>,
    options: TableJoinOptions<K, V, NoInfer<KeyOf<RK>>>,
  ): KStream<RK, With<V, N, RV>>;
  /**
   * Each event with each event of another stream that has equal columns `on` and a time near its own: the left event,
   * with the right one under the column `name`. Both go through one internal topic, and are kept for as long as a
   * partner may come. A result's time is the later one of both, its key the columns `on`. The other stream may be this
   * one: then each event is its own partner, too.
   *
   * @example orders.join("payment", payments, {
   *   on: [(order) => ({ order_id: order.id }), (payment) => ({ order_id: payment.order_id })],
   *   within: { minutes: 10 },
   * });
   */
  join<N extends string, RK, RV, G extends RowOf>(
    this: KStream<K, V & (RowOf | null)>,
    name: N,
    right: KStream<RK, RV>,
    options: StreamJoinOptions<K, V, RK, RV, G>,
  ): KStream<G, With<V, N, NonNullable<RV>>>;
  join(name: string, right: object, options: AnyJoinOptions): KStream<AnyKey, AnyRow> {
    return new KStream(joined(this, { kind: "inner", columns: { left: null, right: name }, right, options }));
  }

  /** As {@link join}, but an event without a partner stays, with null under `name`; the foreign key may be null. */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: GlobalKTable<RK, RV>,
    foreignKey: EventCallback<K, V, NoInfer<KeyOf<RK>> | null>,
  ): KStream<K, With<V, N, RV | null>>;
  /** As {@link join} with a table, but an event without a partner stays; the key is null where the foreign key is. */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV>,
    options: TableJoinOptions<K, V, NoInfer<KeyOf<RK>> | null>,
  ): KStream<RK | null, With<V, N, RV | null>>;
  /**
   * As {@link join} with a stream, but a left event that had no partner is told with null under `name`, when none can
   * come any more: when the newest event of its partition is later than its last partner may be, and the grace. One
   * that comes late, behind its last partner's time, is told with null at once, and with each partner as well.
   */
  leftJoin<N extends string, RK, RV, G extends RowOf>(
    this: KStream<K, V & (RowOf | null)>,
    name: N,
    right: KStream<RK, RV>,
    options: StreamJoinOptions<K, V, RK, RV, G>,
  ): KStream<G | null, With<V, N, RV | null>>;
  leftJoin(name: string, right: object, options: AnyJoinOptions): KStream<AnyKey, AnyRow> {
    return new KStream(joined(this, { kind: "left", columns: { left: null, right: name }, right, options }));
  }

  /** As {@link leftJoin} with a stream for both sides: each stands under its column, and null where it has no event. */
  outerJoin<L extends string, R extends string, RK, RV, G extends RowOf>(
    columns: { readonly left: L; readonly right: R },
    right: KStream<RK, RV>,
    options: StreamJoinOptions<K, V, RK, RV, G>,
  ): KStream<G | null, { readonly [column in L]: V | null } & { readonly [column in R]: RV | null }> {
    return new KStream(joined(this, { kind: "outer", columns, right, options }));
  }

  /**
   * Groups events by the columns of the returned object; null leaves the event out, and counts it. So is an event
   * without a value: it adds nothing.
   */
  groupBy<G extends RowOf>(
    selector: EventCallback<K, Exclude<V, null>, G | null>,
  ): KGroupedStream<G, Exclude<V, null>> {
    const { graph, node } = inside(this);
    return new KGroupedStream({
      graph,
      node,
      groupBy: (value, ...of) => value === null ? null : selector(value, ...of),
    });
  }

  /**
   * Groups events by their keys. Of keys that are objects, their columns are the group's; a key of one value becomes
   * the column that is named: `groupByKey("user_id")`.
   */
  groupByKey<C extends string = never>(
    ...column: [K] extends [RowOf | null] ? [] : [column: C]
  ): KGroupedStream<KeyGroup<K, C>, Exclude<V, null>> {
    const columns = keyColumns(column);
    return this.groupBy((_, key, metadata) => columns(null, key, metadata) as KeyGroup<K, C> | null);
  }

  /**
   * Kafka Streams' toTable: the newest value of each key as a row, beside the columns of its key; an event without a
   * value deletes the row. Newest is what came last, whatever its time: events go through an internal topic, by key,
   * whose order counts. Of keys that are objects, their columns are the table's key; a key of one value becomes the
   * column that is named: `toTable("newest", "user_id")`. `name` names the operator, its state and its topics.
   */
  toTable<C extends string = never>(
    this: KStream<K, V & (RowOf | null)>,
    name: string,
    ...column: [K] extends [RowOf | null] ? [] : [column: C]
  ): KTable<KeyGroup<K, C>, Reduced<KeyGroup<K, C>, Exclude<V, null>>> {
    return tableOf(this, { name, groupBy: keyColumns(column) });
  }

  /**
   * The same events, in an internal topic by key, which is columns of the events from then on. So all of one key are
   * read by one task, one after the other in the order in which they came there. Each goes through once. `name` names
   * the operator and its topics. Events without a key are left out, and counted; those without a value stay.
   */
  repartition<G extends RowOf>(name: string, options: RepartitionOnOptions<K, V, G>): KStream<G, V>;
  /** The same under the key that the events have. */
  repartition(name: string, options?: RepartitionOptions): KStream<Exclude<K, null>, V>;
  repartition(name: string, options: RepartitionOptions = {}): KStream<AnyKey, V> {
    return new KStream(repartitioned(this, { name, options }));
  }

  /**
   * Gives each event to a processor of one's own, which keeps what it likes of each key and makes results of it. Events
   * go through an internal topic, by key. `name` names the operator, its state and its topics. An event without a value
   * is left out.
   *
   * @example clicks.process("repeated", {
   *   on: ({ user_id }) => ({ user_id }),
   *   stores: { seen: store<number>() },
   *   *process({ url }, { stores: { seen }, timestampUs }) {
   *     if (seen.get(url) !== undefined) yield { url, again_at: timestampUs };
   *     seen.put(url, timestampUs);
   *   },
   * });
   */
  process<G extends RowOf, R, S extends Stores = Record<never, never>>(
    name: string,
    options: ProcessOptions<K, Exclude<V, null>, G, S, R>,
  ): KStream<G, R> {
    return new KStream(processed(this, { name, options }));
  }

  /** Adds every event to a ClickHouse table, exactly once. */
  to(this: KStream<K, V & RowOf>, sink: AppendSink<V & RowOf>): void;
  /**
   * Writes every event to a topic, at least once (or exactly, if the topic says so), those of one partition of a source
   * in their order. After a crash events may be there again; each has a header `weir-origin`,
   * `<source>/<partition>/<offset>/<index>`, by which readers drop what they know: of one source and partition, what is
   * not greater than the last (offset, index). What cannot be written, or is too large, is a dead letter.
   */
  to(sink: TopicSink<NoInfer<K>, NoInfer<V>>, options?: OutputOptions<K, V>): void;
  to(sink: AppendSink<never> | TopicSink<never, never>, { headers }: OutputOptions<K, V> = {}): void {
    const { graph, node } = inside(this);
    if ("topic" in sink.spec) {
      const { topic } = sink.spec;
      graph.claim(`topic ${topic}`, "Write each topic from one place only; merge() the streams");
      graph.addStream({ op: "output", name: topic, inputs: [node], sink: sink.spec, headers: headers ?? null });
    } else {
      graph.claim(`sink ${sink.spec.name}`, `Write each ClickHouse table from one place only; merge() the streams`);
      graph.addStream({ op: "append", name: sink.spec.name, inputs: [node], sink: sink.spec });
    }
  }

  #then<RK, R>(step: OneInput, suffix = step.op as string): KStream<RK, R> {
    const { graph, node, root } = inside(this);
    const id = graph.addStream({ ...step, name: `${root}.${suffix}`, inputs: [node] });
    return new KStream({ graph, node: id, root });
  }
}

type Unplaced<N> = N extends unknown ? Omit<N, "id" | "name" | "inputs"> : never;
type ManyInputs = "events" | "merge" | StatefulNode["op"];
type OneInput = Unplaced<Exclude<StreamNode, { op: ManyInputs | "append" | "output" }>>;
