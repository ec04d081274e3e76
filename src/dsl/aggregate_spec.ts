/** What is taken of a row, whose type is checked where the aggregate is declared. */
// deno-lint-ignore no-explicit-any -- the row type is erased in the plan
export type OfRow = (row: any) => unknown;

/** A total that ClickHouse's view can make of the shares of all tasks. */
export interface TotalSpec {
  /** How values are combined. */
  readonly kind: "sum" | "count" | "avg" | "min" | "max";
  /** What a row contributes; null for a count. */
  readonly value: OfRow | null;
  /** Digits after the decimal point of an average. */
  readonly scale: number;
}

/** The values of a group's rows in an order, or the first of them. */
export interface RankedSpec {
  /** Ascending but for `argMax`, `last` and `topN`; one value but for `topN` and `collect`. */
  readonly kind: "argMin" | "argMax" | "first" | "last" | "topN" | "collect";
  /** What the order is made of; a row of which it is null contributes nothing. */
  readonly by: OfRow;
  /** What is shown of a row. */
  readonly value: OfRow;
  /** So many values are shown at most. */
  readonly most: number;
}

/** The number of different values of a group's rows. */
export interface DistinctSpec {
  /** Values are compared as keys are. */
  readonly kind: "countDistinct";
  /** What a row contributes. */
  readonly value: OfRow;
}

/** A value, or a state, and another one to a state. */
// deno-lint-ignore no-explicit-any -- the state's type is checked where the aggregate is declared
export type OfState = (state: any, other: any) => unknown;

/** The values of a group's rows folded into a state by callbacks. */
export interface FoldSpec {
  /** Of `reduce` the first value is the state. */
  readonly kind: "custom" | "reduce";
  /** What a row contributes; null for nothing. */
  readonly value: OfRow;
  /** The state of a group without values; null if there is none. */
  readonly empty: (() => unknown) | null;
  /** The state with a value more. */
  readonly add: OfState;
  /** The state with a value less. */
  readonly subtract: OfState;
  /** The state of the values of two. */
  readonly merge: OfState;
  /** What is shown of a state; null: the state. */
  readonly result: OfRow | null;
  /** Values with which the laws are tried. */
  readonly samples: readonly unknown[];
}

/** The plain data of one aggregate. */
export type AggregateSpec = TotalSpec | DistinctSpec | RankedSpec | FoldSpec;

/** The one row of a group; a group of several has none. Tables under another key are made of it. */
export interface RowSpec {
  readonly kind: "row";
  /** The row. */
  readonly value: OfRow;
}

/** What a merge task may be told of a group's rows. */
export type PlannedSpec = AggregateSpec | RowSpec;

/** An aggregate and the column that shows it. */
export interface NamedSpec<S extends PlannedSpec> {
  readonly name: string;
  readonly spec: S;
}

/**
 * One column of an aggregation over rows `V` with result `R`. Each brings its own inverse, so deletes and updates are
 * exact.
 */
export interface Aggregate<in V, out R> {
  /** @ignore Carries a type. */
  readonly "~takes"?: (row: V) => void;
  /** @ignore Carries a type. */
  readonly "~result"?: () => R;
  /** The aggregate as plain data. */
  readonly spec: AggregateSpec;
}

/** Whether ClickHouse's view makes the total of the shares of all tasks; of all others a merge task does. */
export function isTotal(spec: PlannedSpec): spec is TotalSpec {
  switch (spec.kind) {
    case "sum":
    case "count":
    case "avg":
    case "min":
    case "max":
      return true;
    default:
      return false;
  }
}

/** The aggregate as `describe()` shows it: `sum`, `topN(3)`. */
export function aggregateText({ kind, most }: { readonly kind: string; readonly most?: number }): string {
  return kind === "topN" || kind === "collect" ? `${kind}(${most})` : kind;
}
