import { count } from "./aggregates.ts";
import { CogroupedStream } from "./cogrouped_streams.ts";
import type { RowOf } from "./source.ts";
import { reducingStream, type StreamAggregates, type StreamTotals } from "./stream_aggregates.ts";
import {
  aggregated,
  type AggregationInput,
  type Emit,
  type GroupedInput,
  type GroupedPlace,
  type WindowColumns,
  type WindowKey,
} from "./stream_aggregation.ts";
import type { KTable } from "./tables.ts";
import type { AggregatesIn, Windows } from "./windows.ts";

/** A group's events made one row, with the columns of the group. */
export type Reduced<G, V> = Omit<V, keyof G> & G;

/** The column of a reduced row, which is shown by its own columns. */
const REDUCED = "reduced row";

/**
 * A stream grouped, waiting to be added up. All events of a group go through an internal topic, so that one task has
 * them, whatever partitions they come from. Results are durable: they are made of every event once, also of those that
 * the stream's own topic has no more.
 */
export class KGroupedStream<G extends RowOf, V> implements GroupedInput<G, V> {
  /** @ignore Carries a type. */
  declare readonly "~group": G;
  /** @ignore Carries a type. */
  declare readonly "~value": V;
  readonly #place: GroupedPlace;

  /** @ignore Made by {@link KStream.groupBy}. */
  constructor(place: GroupedPlace) {
    this.#place = place;
  }

  /**
   * One row for each group: its columns and the totals over all of its events so far. `name` names the operator, its
   * state and its topics.
   */
  aggregate<A extends StreamAggregates<V>>(name: string, aggregates: A): KTable<G, G & StreamTotals<A>> {
    return aggregated(name, { inputs: [this.#input(aggregates)], windows: null, emit: "update" });
  }

  /** The number of events of each group, in the column `count`. */
  count(name: string): KTable<G, G & { readonly count: number }> {
    return this.aggregate(name, { count: count() });
  }

  /**
   * Kafka Streams' reduce: the first event of a group is its row, to which `adder` adds each further one, in the order
   * of their partition. The columns of the group are the group's.
   */
  reduce<R extends RowOf>(
    this: KGroupedStream<G, R>,
    name: string,
    adder: (reduced: R, value: R) => R,
  ): KTable<G, Reduced<G, R>> {
    return aggregated(name, { inputs: [this.input(reducing(adder))], windows: null, emit: "update" });
  }

  /**
   * The same totals over the events of several streams: this one adds `aggregates`, others what
   * {@link CogroupedStream.cogroup} says.
   *
   * @example views.cogroup({ seen: count() }).cogroup(clicks, { seen: count() }).aggregate("seen")
   */
  cogroup<A extends StreamAggregates<V>>(aggregates: A): CogroupedStream<G, A> {
    return new CogroupedStream([this.#input(aggregates)]);
  }

  /** The same group by group and window by window. */
  windowedBy<E extends string>(windows: Windows<E>): WindowedStream<G, V, E> {
    return new WindowedStream(this.#place, { windows, emit: "update" });
  }

  /** @ignore This stream as one of several. */
  input(aggregates: StreamAggregates<V>): AggregationInput {
    return this.#input(aggregates);
  }

  #input(aggregates: StreamAggregates<V>): AggregationInput {
    return { place: this.#place, aggregates: aggregates as StreamAggregates<never> };
  }
}

/** A grouped stream divided into windows. */
export class WindowedStream<G extends RowOf, V, E extends string = string> {
  /** @ignore Carries a type. */
  declare readonly "~value": V;
  readonly #place: GroupedPlace;
  readonly #windows: { readonly windows: Windows<E>; readonly emit: "update" | "close" };

  /** @ignore Made by {@link KGroupedStream.windowedBy}. */
  constructor(place: GroupedPlace, windows: { readonly windows: Windows<E>; readonly emit: "update" | "close" }) {
    this.#place = place;
    this.#windows = windows;
  }

  /**
   * When rows are told: `"update"` (the default), whenever an event changes them; `"close"`, once for each window, when
   * no event can come any more. A window closes when an event of its partition is so much newer.
   */
  emit(when: Emit<E>): WindowedStream<G, V, E> {
    return new WindowedStream(this.#place, { ...this.#windows, emit: when });
  }

  /** One row for each group and window: the group's columns, `window_start`, `window_end`, and the totals. */
  aggregate<A extends AggregatesIn<V, E>>(
    name: string,
    aggregates: A,
  ): KTable<G & WindowKey, G & WindowColumns & StreamTotals<A>> {
    return this.#aggregated(name, aggregates);
  }

  /** The number of events of each group and window, in the column `count`. */
  count(name: string): KTable<G & WindowKey, G & WindowColumns & { readonly count: number }> {
    return this.#aggregated(name, { count: count() });
  }

  /** As {@link KGroupedStream.reduce}, in each window. Of two sessions that become one, both rows are added. */
  reduce<R extends RowOf>(
    this: WindowedStream<G, R, E>,
    name: string,
    adder: (reduced: R, value: R) => R,
  ): KTable<G & WindowKey, Reduced<G & WindowColumns, R>> {
    return this.#aggregated(name, reducing(adder));
  }

  #aggregated<K extends RowOf, R extends RowOf>(name: string, aggregates: StreamAggregates<never>): KTable<K, R> {
    return aggregated(name, { inputs: [{ place: this.#place, aggregates }], ...this.#windows });
  }
}

function reducing<V>(adder: (reduced: V, value: V) => V) {
  return { [REDUCED]: reducingStream(adder) };
}
