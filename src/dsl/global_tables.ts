import type { KeyOf, RowOf } from "./source.ts";
import type { With } from "./global_rows.ts";
import { filtered, foreignKeyJoin, notExpiring, partitioned } from "./table_operators.ts";
import { inside, type Place, placed } from "./table_place.ts";
import { KGroupedTable } from "./tables.ts";
import { unmasked } from "./unmasked.ts";

/** Rows whole on every instance, for small tables. A change of a row re-evaluates every row joined with it. */
export class GlobalKTable<K extends RowOf, V extends RowOf> {
  /** @ignore Carries a type. */
  declare readonly "~key": K;
  /** @ignore Carries a type. */
  declare readonly "~row": V;
  /** Tells the compiler the two kinds of tables apart; never set. */
  declare readonly "~global": true;

  /** @ignore Made by the builder and by other tables. */
  constructor(place: Place) {
    placed(this, place);
  }

  /** Rows for which `predicate` holds; the others are absent for those who join with this table. */
  filter(predicate: (value: Readonly<V>, key: KeyOf<K>) => boolean): GlobalKTable<K, V> {
    return new GlobalKTable(filtered(this, { op: "filter", predicate }));
  }

  /** Rows for which `predicate` does not hold: what {@link filter} leaves out. */
  filterNot(predicate: (value: Readonly<V>, key: KeyOf<K>) => boolean): GlobalKTable<K, V> {
    return new GlobalKTable(filtered(this, { op: "filterNot", predicate }));
  }

  /** Each row replaced by `mapper(row)`. */
  mapValues<R extends RowOf>(mapper: (value: Readonly<V>, key: KeyOf<K>) => R): GlobalKTable<K, R> {
    const { graph, node, root } = inside(this);
    const id = graph.add({ op: "mapValues", name: `${root}.mapValues`, input: node, mapper });
    return new GlobalKTable({ graph, node: id, root });
  }

  /** As `unmask` of a table: of what a callback made of masked columns, these are shown to people. */
  unmask(...columns: (keyof K & string | keyof V & string)[]): GlobalKTable<K, V> {
    return unmasked(this, { ...inside(this), columns });
  }

  /**
   * Refused: every instance would let rows go by its own clock, and nobody could say which of them a join has seen.
   * Declare the table with `builder.table`, or join it and let the joined rows expire.
   * @throws TypeError
   */
  expireAfter(_: { readonly "rows of a global table cannot expire; declare it with builder.table": never }): never {
    throw notExpiring(this);
  }

  /** Inner join with another global table by foreign key: the partner stands under the column `name`. */
  join<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: GlobalKTable<RK, RV>,
    foreignKey: (value: Readonly<V>, key: KeyOf<K>) => NoInfer<KeyOf<RK>>,
  ): GlobalKTable<K, With<V, N, RV>> {
    return new GlobalKTable(foreignKeyJoin(this, right, { kind: "inner", column: name, foreignKey }));
  }

  /**
   * Left join with another global table by foreign key, which may be null: the partner, or null, stands under `name`.
   */
  leftJoin<N extends string, RK extends RowOf, RV extends RowOf>(
    name: N,
    right: GlobalKTable<RK, RV>,
    foreignKey: (value: Readonly<V>, key: KeyOf<K>) => NoInfer<KeyOf<RK>> | null,
  ): GlobalKTable<K, With<V, N, RV | null>> {
    return new GlobalKTable(foreignKeyJoin(this, right, { kind: "left", column: name, foreignKey }));
  }

  /**
   * Groups rows by the columns of the returned object; null leaves the row out. Every instance has all rows, so what
   * leads to them is evaluated once more by tasks, each of which reads one partition of the topic: so each row counts
   * once, however many instances there are.
   */
  groupBy<G extends RowOf>(selector: (value: Readonly<V>, key: KeyOf<K>) => G | null): KGroupedTable<G, V> {
    const { graph, node } = partitioned(this);
    return new KGroupedTable(graph, node, selector);
  }
}
