import type { Aggregate } from "./aggregate_spec.ts";
import { count } from "./aggregates.ts";
import { type Reducers, reducing } from "./fold_aggregates.ts";
import type { GlobalRows, With } from "./global_rows.ts";
import type { Graph } from "./graph.ts";
import type { AnyRow, RowTime } from "./logical.ts";
import { type Sink, topicSink } from "./sink.ts";
import type { KeyOf, RowOf } from "./source.ts";
import type { NewColumn, PartRow, SameKey, TimeColumn } from "./table_columns.ts";
import { type Suppressed, suppressing } from "./suppressed.ts";
import {
  expiring,
  filtered,
  foreignKeyJoin,
  type PartOptions,
  parts,
  rekeyed,
  sameTopology,
  united,
} from "./table_operators.ts";
import { inside, type Place, placed } from "./table_place.ts";
import type { Duration } from "./time.ts";
import type { TopicSink } from "./topic_sink.ts";
import { unmasked } from "./unmasked.ts";

/**
 * A keyed table, the newest row per key; partitioned: each partition has one home task. Immutable: branching is reuse.
 */
export class KTable<K extends RowOf, V extends RowOf> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~row": V;
  /** Tells the compiler the two kinds of tables apart; never set. */
  declare readonly "~global": false;

  /** @ignore Made by the builder and by other tables. */
  constructor(place: Place) {
    placed(this, place);
  }

  /**
   * Rows for which `predicate` holds; the others are absent for everything below and everybody who joins with this
   * table.
   */
  filter(predicate: (value: Readonly<V>, key: KeyOf<K>) => boolean): KTable<K, V> {
    return new KTable(filtered(this, { op: "filter", predicate }));
  }

  /** Rows that {@link filter} leaves out. A row whose predicate throws is absent from both. */
  filterNot(predicate: (value: Readonly<V>, key: KeyOf<K>) => boolean): KTable<K, V> {
    return new KTable(filtered(this, { op: "filterNot", predicate }));
  }

  /** Each row replaced by `mapper(row)`; the key stays. */
  mapValues<R extends RowOf>(mapper: (value: Readonly<V>, key: KeyOf<K>) => R): KTable<K, R> {
    const { graph, node, root } = inside(this);
    const id = graph.add({ op: "mapValues", name: `${root}.mapValues`, input: node, mapper });
    return new KTable({ graph, node: id, root });
  }

  /**
   * Each row under another key: the columns that `selector` returns; null leaves the row out. Columns of the key are
   * the key's in the row, too. `name` names the operator, its state and its topics.
   *
   * A table has one row for each key. Where several rows claim one key at the same time, none of them is there, and a
   * dead letter tells it, until all but one have gone or changed: so the table follows from the rows, whatever order
   * they came in.
   */
  selectKey<G extends RowOf>(
    name: string,
    selector: (value: Readonly<V>, key: KeyOf<K>) => G | null,
  ): KTable<G, Omit<V, keyof G> & G> {
    return new KTable(rekeyed(this, { name, selector }));
  }

  /**
   * Each row replaced by the rows that `mapper` makes of it, its parts: elements of an array, members of a JSON column.
   * They go and change with their row. The key of a part is the row's key and one column more: the part's position in
   * the array, from 0, in a column of this name (`{ position: "line" }`), or a column of the parts that is unique
   * within the row (`{ key: "sku" }`). Columns of the key are in the part's row. `name` names the operator, its state
   * and its topics; parts are rows of other tasks than their rows, so each that changes is a message.
   *
   * A row of which a part cannot be taken is refused with all of its parts: two of them have one key, one has another
   * value in a column of the row's key, or there are more than `max` (default 1,000).
   */
  flatMapValues<R extends RowOf, C extends string>(
    name: string,
    part: PartOptions & { readonly position: C & NewColumn<K, C> },
    mapper: (value: Readonly<V>, key: KeyOf<K>) => readonly R[],
  ): KTable<K & { readonly [column in C]: number }, PartRow<K & { readonly [column in C]: number }, R>>;
  /** Each row replaced by its parts, told apart by one of their columns. */
  flatMapValues<R extends RowOf, C extends keyof R & string>(
    name: string,
    part: PartOptions & { readonly key: C & NewColumn<K, C> },
    mapper: (value: Readonly<V>, key: KeyOf<K>) => readonly R[],
  ): KTable<K & Pick<R, C>, PartRow<K & Pick<R, C>, R>>;
  flatMapValues(
    name: string,
    part: PartOptions & { readonly position?: string; readonly key?: string },
    mapper: (value: Readonly<V>, key: KeyOf<K>) => readonly RowOf[],
  ): KTable<AnyRow, AnyRow> {
    return new KTable(parts(this, { name, mapper, ...part }));
  }

  /**
   * Rows as long as they are young: a row is there while now < `time` + `duration`, and absent from then on for
   * everything below and everybody who joins with this table, without any record: it leaves its groups, its sinks and
   * its joins in that moment. `time`: a column, or a function of the row, in microseconds since the epoch; null: the
   * row never expires. One whose time lies in the future is there. Now is the clock of the instance that has the row.
   */
  expireAfter<C extends string>(time: C & TimeColumn<V, C>, duration: Duration): KTable<K, V>;
  /** Rows as long as they are young, by a time that a function gives. */
  expireAfter(time: (value: Readonly<V>, key: KeyOf<K>) => number | bigint | null, duration: Duration): KTable<K, V>;
  expireAfter(time: RowTime, duration: Duration): KTable<K, V> {
    return new KTable(expiring(this, { time, after: duration }));
  }

  /**
   * Results of an aggregate over a stream of which not every change is told: see {@link untilTimeLimit} and
   * {@link untilWindowCloses}. `name` names the operator, its state and its topics.
   * @throws TypeError for tables of other kinds, of whose rows only the newest counts anyway
   */
  suppress(name: string, until: Suppressed<K>): KTable<K, V> {
    return new KTable(suppressing(this, { name, until }));
  }

  /**
   * Inner join; the partner stands under the column `name`, which also names the operator. With a foreign key: the
   * partner is the right row with that key (partitioned right side: subscribed; global: replicated). Without: the right
   * row of the same key.
   *
   * Keys are equal as PostgreSQL compares them, as far as the columns are declared so: numbers by value whatever their
   * scale, a `uuid()` in any spelling. Texts are equal if all their characters are; where the database has citext or
   * char(n), declare `citext()` or `char(n)` for the right table's key column, or rows differing in case or in blanks
   * at the end find no partner.
   */
  join<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV> | GlobalRows<RK, RV>,
    foreignKey: (value: Readonly<V>, key: KeyOf<K>) => NoInfer<KeyOf<RK>>,
  ): KTable<K, With<V, N, RV>>;
  /** Inner join with the right row of the same key. */
  join<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV> & SameKey<K, RK>,
  ): KTable<K, With<V, N, RV>>;
  join(name: string, right: object, foreignKey?: (value: Readonly<V>, key: KeyOf<K>) => unknown): KTable<K, AnyRow> {
    return this.#join("inner", { column: name, right, foreignKey });
  }

  /** As {@link join}, but a row without a partner stays, with null under `name`; the foreign key may be null. */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV> | GlobalRows<RK, RV>,
    foreignKey: (value: Readonly<V>, key: KeyOf<K>) => NoInfer<KeyOf<RK>> | null,
  ): KTable<K, With<V, N, RV | null>>;
  /** Left join with the right row of the same key. */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: KTable<RK, RV> & SameKey<K, RK>,
  ): KTable<K, With<V, N, RV | null>>;
  leftJoin(
    name: string,
    right: object,
    foreignKey?: (value: Readonly<V>, key: KeyOf<K>) => unknown,
  ): KTable<K, AnyRow> {
    return this.#join("left", { column: name, right, foreignKey });
  }

  /** Outer join on the same key: a row wherever either side has one, each side under its column, or null there. */
  outerJoin<L extends string, R extends string, RK extends RowOf, RV extends RowOf>(
    columns: { readonly left: L; readonly right: R },
    right: KTable<RK, RV> & SameKey<K, RK>,
  ): KTable<K, { readonly [column in L]: V | null } & { readonly [column in R]: RV | null }> {
    return this.#keyJoin("outer", { column: columns.right, leftColumn: columns.left, right });
  }

  /**
   * The rows of both tables, which have the same key. A key that both have at the same time has no row, and a dead
   * letter tells it, until one of them has it no more: filter one, or give both a key that tells them apart
   * (`selectKey`). Both must be topics of as many partitions, or both have keys of their own (aggregates, `selectKey`,
   * `flatMapValues`); then nothing is sent between tasks.
   */
  union<RK extends RowOf, RV extends RowOf>(right: KTable<RK, RV> & SameKey<K, RK>): KTable<K, V | RV> {
    return new KTable(united(this, right));
  }

  /** Of what the operator's callback made of masked columns, these are shown to people: they hold nothing of them. */
  unmask(...columns: (keyof K & string | keyof V & string)[]): KTable<K, V> {
    return unmasked(this, { ...inside(this), columns });
  }

  /** Groups rows by the columns of the returned object; null leaves the row out. */
  groupBy<G extends RowOf>(selector: (value: Readonly<V>, key: KeyOf<K>) => G | null): KGroupedTable<G, V> {
    const { graph, node } = inside(this);
    return new KGroupedTable(graph, node, selector);
  }

  /** Writes every row to a ClickHouse table, which then shows exactly this table's rows. */
  to(sink: Sink<V>): void;
  /**
   * Writes every row to a compacted topic: the newest record of each key is its row, or a tombstone. By the header
   * `weir-row`, `<task>/<epoch>/<seq>/<key>`, that is the record of the greatest (epoch, seq) of the key.
   */
  to(sink: TopicSink<never, V>): void;
  to({ spec }: Sink<never> | TopicSink<never, never>): void {
    const { graph, node } = inside(this);
    const [sink, claimed] = "topic" in spec ? [topicSink(spec), `topic ${spec.topic}`] : [spec, `sink ${spec.name}`];
    graph.claim(claimed, "Write each ClickHouse table, and each topic, from one place only");
    graph.add({ op: "sink", name: sink.name, input: node, sink });
  }

  #join(
    kind: "inner" | "left",
    join: { column: string; right: object; foreignKey?: (value: Readonly<V>, key: KeyOf<K>) => unknown },
  ): KTable<K, AnyRow> {
    const { column, right, foreignKey } = join;
    if (foreignKey === undefined) return this.#keyJoin(kind, { column, leftColumn: null, right });
    return new KTable(foreignKeyJoin(this, right, { kind, column, foreignKey }));
  }

  #keyJoin(
    kind: "inner" | "left" | "outer",
    join: { column: string; leftColumn: string | null; right: object },
  ): KTable<K, AnyRow> {
    const { graph, node, root } = inside(this);
    sameTopology({ left: this, right: join.right }, join.column);
    const name = `${root}.${join.column}`;
    graph.claim(name, "Give one of the joins another column name");
    const { right, ...rest } = join;
    const id = graph.add({ op: "keyJoin", name, kind, input: node, right: inside(right).node, ...rest });
    return new KTable({ graph, node: id, root });
  }
}

/** Result columns of a set of aggregates. */
export type Totals<A> = { readonly [N in keyof A]: A[N] extends Aggregate<never, infer R> ? R : never };

/** The column of a reduced row, until it is made columns itself: no group has one of this name. */
const REDUCED = "reduced row";

/** Rows grouped, waiting to be added up. */
export class KGroupedTable<G extends RowOf, V extends RowOf> {
  readonly #graph: Graph;
  readonly #node: number;
  readonly #groupBy: (value: never, key: never) => G | null;

  /** @ignore Made by {@link KTable.groupBy}. */
  constructor(graph: Graph, node: number, groupBy: (value: never, key: never) => G | null) {
    this.#graph = graph;
    this.#node = node;
    this.#groupBy = groupBy;
  }

  /**
   * One row for each group: the group's columns and the totals, exact under update and delete. A group whose last row
   * left disappears. `name` names the operator, its state and its topics.
   */
  aggregate<A extends Readonly<Record<string, Aggregate<V, unknown>>>>(
    name: string,
    aggregates: A,
  ): KTable<G, G & Totals<A>> {
    const graph = this.#graph;
    graph.claimTable(name);
    const specs = Object.fromEntries(Object.entries(aggregates).map(([column, aggregate]) => [column, aggregate.spec]));
    const node = graph.add({
      op: "aggregate",
      name,
      input: this.#node,
      groupBy: this.#groupBy as never,
      aggregates: specs,
    });
    return new KTable({ graph, node, root: name });
  }

  /** The number of rows of each group, in the column `count`. */
  count(name: string): KTable<G, G & { readonly count: number }> {
    return this.aggregate(name, { count: count() });
  }

  /**
   * Kafka Streams' reduce: each group's rows made one, `adder` taking a row in and `subtractor` taking one out that was
   * taken in. The columns of the group are the group's. Laws as of {@link custom}: what `adder` gives does not depend
   * on the order of its rows, so a column that it passes on from one of them must be equal in all; topology() tries it.
   */
  reduce(name: string, reducers: Reducers<V>): KTable<G, Omit<V, keyof G> & G> {
    return this.aggregate(name, { [REDUCED]: reducing(reducers) })
      .mapValues(({ [REDUCED]: reduced, ...group }) => ({ ...reduced, ...group }) as never);
  }
}
