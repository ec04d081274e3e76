import type { RowOf } from "./source.ts";
import type { StreamAggregate, StreamAggregates, StreamTotals } from "./stream_aggregates.ts";
import {
  aggregated,
  type AggregationInput,
  type Emit,
  type GroupedInput,
  type WindowColumns,
  type WindowKey,
} from "./stream_aggregation.ts";
import type { KTable } from "./tables.ts";
import type { MergingIn, Windows } from "./windows.ts";

/** The same columns, with the same results. */
export type SameTotals<A, V> = { readonly [N in keyof StreamTotals<A>]: StreamAggregate<V, StreamTotals<A>[N]> };

/** Streams that are added up together must have the same group columns. */
export type SameGroup<G, H> = [G, H] extends [H, G] ? unknown
  : { readonly "both streams must be grouped by the same columns": never };

/** Several grouped streams that are added up together. Immutable. */
export class CogroupedStream<G extends RowOf, A> {
  readonly #inputs: readonly AggregationInput[];

  /** @ignore Made by {@link KGroupedStream.cogroup}. */
  constructor(inputs: readonly AggregationInput[]) {
    this.#inputs = inputs;
  }

  /**
   * The events of another stream, too. It adds to the same columns, by aggregates of the same kind: `sum` of something
   * else, or `folding` with another `add`; the other callbacks of the first stream's count. To leave a sum alone, add
   * null: `sum(() => null)`.
   */
  cogroup<H extends RowOf, V>(
    grouped: GroupedInput<H, V> & SameGroup<G, H>,
    aggregates: SameTotals<A, NoInfer<V>>,
  ): CogroupedStream<G, A> {
    return new CogroupedStream([...this.#inputs, grouped.input(aggregates as StreamAggregates<V>)]);
  }

  /** One row for each group: its columns and the totals over all events of all streams so far. */
  aggregate(name: string): KTable<G, G & StreamTotals<A>> {
    return aggregated(name, { inputs: this.#inputs, windows: null, emit: "update" });
  }

  /** The same group by group and window by window. */
  windowedBy<E extends string>(windows: Windows<E> & MergingIn<A, E>): WindowedCogroup<G, A, E> {
    return new WindowedCogroup(this.#inputs, { windows, emit: "update" });
  }
}

/** Several grouped streams divided into windows. */
export class WindowedCogroup<G extends RowOf, A, E extends string = string> {
  readonly #inputs: readonly AggregationInput[];
  readonly #windows: { readonly windows: Windows<E>; readonly emit: "update" | "close" };

  /** @ignore Made by {@link CogroupedStream.windowedBy}. */
  constructor(
    inputs: readonly AggregationInput[],
    windows: { readonly windows: Windows<E>; readonly emit: "update" | "close" },
  ) {
    this.#inputs = inputs;
    this.#windows = windows;
  }

  /** When rows are told: see {@link WindowedStream.emit}. */
  emit(when: Emit<E>): WindowedCogroup<G, A, E> {
    return new WindowedCogroup(this.#inputs, { ...this.#windows, emit: when });
  }

  /** One row for each group and window: the group's columns, `window_start`, `window_end`, and the totals. */
  aggregate(name: string): KTable<G & WindowKey, G & WindowColumns & StreamTotals<A>> {
    return aggregated(name, { inputs: this.#inputs, ...this.#windows });
  }
}
