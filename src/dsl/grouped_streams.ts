import type { Aggregate } from "./aggregate_spec.ts";
import { count } from "./aggregates.ts";
import type { Graph } from "./graph.ts";
import type { RowOf } from "./source.ts";
import type { GroupSelector } from "./stream_nodes.ts";
import type { KTable, Totals } from "./tables.ts";
import type { Windows } from "./windows.ts";

/** The columns that tell a window: microseconds since the epoch. */
export interface WindowColumns {
  readonly [column: string]: unknown;
  /** Where it begins. */
  readonly window_start: number;
  /** Where it ends: excluded for tumbling and hopping windows, included for sliding ones and sessions. */
  readonly window_end: number;
}

/** @ignore Where a grouped stream stands. */
export interface GroupedPlace {
  readonly graph: Graph;
  readonly node: number;
  readonly groupBy: GroupSelector;
}

const places = new WeakMap<object, GroupedPlace>();

/** The result columns of a set of aggregates by name. */
type Aggregates<V> = Readonly<Record<string, Aggregate<V, unknown>>>;

/**
 * A stream grouped, waiting to be added up. All events of a group go through an internal topic, so that one task has
 * them, whatever partitions they come from. Results are durable: they are made of every event once, also of those that
 * the stream's own topic has no more.
 */
export class KGroupedStream<G extends RowOf, V> {
  /** @ignore Made by {@link KStream.groupBy}. */
  constructor(place: GroupedPlace) {
    places.set(this, place);
  }

  /**
   * One row for each group: its columns and the totals over all of its events so far. `name` names the operator, its
   * state and its topics.
   */
  aggregate<A extends Aggregates<V>>(name: string, aggregates: A): KTable<G, G & Totals<A>> {
    return aggregated(this, { name, aggregates, windows: null, emit: "update" });
  }

  /** The number of events of each group, in the column `count`. */
  count(name: string): KTable<G, G & { readonly count: number }> {
    return this.aggregate(name, { count: count() });
  }

  /** The same group by group and window by window. */
  windowedBy<E extends string>(windows: Windows<E>): WindowedStream<G, V, E> {
    return new WindowedStream(places.get(this)!, windows, "update");
  }
}

/** A grouped stream divided into windows. */
export class WindowedStream<G extends RowOf, V, E extends string = string> {
  readonly #windows: Windows<E>;
  readonly #emit: "update" | "close";

  /** @ignore Made by {@link KGroupedStream.windowedBy}. */
  constructor(place: GroupedPlace, windows: Windows<E>, emit: "update" | "close") {
    places.set(this, place);
    this.#windows = windows;
    this.#emit = emit;
  }

  /**
   * When rows are told: `"update"` (the default), whenever an event changes them; `"close"`, once for each window, when
   * no event can come any more. A window closes when an event of its partition is so much newer.
   */
  emit(when: [E] extends [never] ? "update" : "update" | "close"): WindowedStream<G, V, E> {
    return new WindowedStream(places.get(this)!, this.#windows, when);
  }

  /** One row for each group and window: the group's columns, `window_start`, `window_end`, and the totals. */
  aggregate<A extends Aggregates<V>>(
    name: string,
    aggregates: A,
  ): KTable<G & WindowColumns, G & WindowColumns & Totals<A>> {
    return aggregated(this, { name, aggregates, windows: this.#windows, emit: this.#emit });
  }

  /** The number of events of each group and window, in the column `count`. */
  count(name: string): KTable<G & WindowColumns, G & WindowColumns & { readonly count: number }> {
    return this.aggregate(name, { count: count() });
  }
}

function aggregated<K extends RowOf, R extends RowOf>(
  grouped: object,
  { name, aggregates, windows, emit }: {
    readonly name: string;
    readonly aggregates: Readonly<Record<string, Aggregate<never, unknown>>>;
    readonly windows: Windows | null;
    readonly emit: "update" | "close";
  },
): KTable<K, R> {
  const { graph, node, groupBy } = places.get(grouped)!;
  graph.claim(name, "Give one of the aggregates another name");
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    graph.problems.push(
      `Cannot use "${name}" as an aggregate's name: it names a topic. Use letters, digits, "-" and "_"`,
    );
  }
  const specs = Object.fromEntries(Object.entries(aggregates).map(([column, aggregate]) => [column, aggregate.spec]));
  const stream = graph.addStream({
    op: "streamAggregate",
    name,
    inputs: [node],
    sides: [{ groupBy, aggregates: specs }],
    window: windows?.spec ?? null,
    emit,
  });
  return graph.tableAt({ graph, node: graph.add({ op: "folded", name, stream }), root: name }) as unknown as KTable<
    K,
    R
  >;
}
