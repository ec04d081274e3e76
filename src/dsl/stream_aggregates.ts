import type { AggregateSpec, OfRow, OfState } from "./aggregate_spec.ts";

/** The events of a group folded into a state by callbacks, one after the other as they come. */
export interface FoldingSpec {
  /** What tells it apart from aggregates that tables have, too. */
  readonly kind: "folding";
  /** The state of a group without events. */
  readonly empty: () => unknown;
  /** The state with an event more; null: the group is gone, and begins anew with its next event. */
  readonly add: OfState;
  /** The state of the events of two, the earlier one first; null: there is none. */
  readonly merge: OfState | null;
  /** What is shown of a state; null: the state. */
  readonly result: OfRow | null;
}

/** The last event of a group as it came, which is the group's row; null: there is none. It is the only column. */
export interface NewestSpec {
  /** What tells it apart from aggregates that tables have, too. */
  readonly kind: "newest";
}

/** The plain data of one aggregate of a stream. */
export type StreamAggregateSpec = AggregateSpec | FoldingSpec | NewestSpec;

/** One column of an aggregation over events with values `V` and result `R`: as tables have them, or {@link folding}. */
export interface StreamAggregate<in V, out R> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (value: V) => void;
  /** @ignore Carries a type. */
  readonly "~result"?: () => R;
  /** @ignore Carries a type: whether two states can be made one. */
  readonly "~merges"?: boolean;
  /** The aggregate as plain data. */
  readonly spec: StreamAggregateSpec;
}

/** An aggregate of which two states can be made one, as sessions need it. */
export interface MergingAggregate<in V, out R> extends StreamAggregate<V, R> {
  /** @ignore Carries a type. */
  readonly "~merges"?: true;
}

/** An aggregate without `merge`. */
export interface PlainAggregate<in V, out R> extends StreamAggregate<V, R> {
  /** @ignore Carries a type. */
  readonly "~merges"?: false;
}

/** Aggregates by the column that shows them. */
export type StreamAggregates<V> = Readonly<Record<string, StreamAggregate<V, unknown>>>;

/** Aggregates that sessions may have. */
export type MergingAggregates<V> = Readonly<Record<string, MergingAggregate<V, unknown>>>;

/** Result columns of a set of aggregates. */
export type StreamTotals<A> = {
  readonly [N in keyof A]: A[N] extends StreamAggregate<never, infer R> ? R : never;
};

/** Callbacks of {@link folding}. A state is what messages hold: plain objects, arrays, texts, numbers, decimals. */
export interface StreamFolding<V, S> {
  /** The state of a group without events. */
  readonly empty: () => S;
  /** The state with an event more; null: the group is gone with its other totals, and its next event begins it anew. */
  readonly add: (state: NoInfer<S>, value: V) => NoInfer<S> | null;
}

/** What `folding` needs besides where windows are sessions. */
export interface StateMerger<S> {
  /** The state of the events of two sessions, which an event between them makes one; the earlier one first. */
  readonly merge: (a: NoInfer<S>, b: NoInfer<S>) => NoInfer<S>;
}

/** What is shown of a state. */
export interface StateResult<S, R> {
  /** What is shown of a state. */
  readonly result: (state: NoInfer<S>) => R;
}

/**
 * Kafka Streams' `aggregate(initializer, aggregator)`: events folded in the order of their partition, which results may
 * depend on. For streams alone: nothing is ever taken out.
 *
 * @example folding({ empty: () => 0, add: (sum, click: Click) => sum + click.weight })
 */
export function folding<V, S, R>(
  callbacks: StreamFolding<V, S> & StateMerger<S> & StateResult<S, R>,
): MergingAggregate<V, R>;
/** Without `result` the state is shown. */
export function folding<V, S>(
  callbacks: StreamFolding<V, S> & StateMerger<S> & { readonly result?: undefined },
): MergingAggregate<V, S>;
/** Without `merge` sessions are refused. */
export function folding<V, S, R>(
  callbacks: StreamFolding<V, S> & StateResult<S, R> & { readonly merge?: undefined },
): PlainAggregate<V, R>;
/** With what every folding needs. */
export function folding<V, S>(
  callbacks: StreamFolding<V, S> & { readonly merge?: undefined; readonly result?: undefined },
): PlainAggregate<V, S>;
export function folding(
  { empty, add, merge, result }: {
    readonly empty: () => unknown;
    readonly add: OfState;
    readonly merge?: OfState;
    readonly result?: OfRow;
  },
): MergingAggregate<unknown, never> & PlainAggregate<unknown, never> {
  return { spec: { kind: "folding", empty, add, merge: merge ?? null, result: result ?? null } };
}

/** The first value of a group, and each further one added by `adder`. */
export function reducingStream<V>(adder: (reduced: V, value: V) => V): MergingAggregate<V, never> {
  return {
    spec: {
      kind: "reduce",
      value: (value) => value,
      empty: null,
      add: adder,
      subtract: adder,
      merge: adder,
      result: null,
      samples: [],
    },
  };
}
