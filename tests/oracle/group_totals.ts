import {
  argMax,
  argMin,
  avg,
  collect,
  count,
  countDistinct,
  custom,
  first,
  max,
  min,
  sum,
  topN,
} from "../../src/mod.ts";
import type { Plain } from "./plain_tables.ts";

/** Totals of a group, and the columns of a sink that shows them. */
export interface GroupTotals {
  readonly aggregates: typeof ADDED | typeof MERGED;
  readonly columns: Readonly<Record<string, string>>;
}

const ADDED = {
  rows: count<Plain>(),
  num_sum: sum((row: Plain) => row.num),
  dec_sum: sum((row: Plain) => row.dec),
  dec_avg: avg((row: Plain) => row.dec, 4),
  num_min: min((row: Plain) => row.num),
  tag_max: max((row: Plain) => row.tag),
};

/** How far the numbers of a group are apart, times the square of how many they are. */
const spread = custom({
  value: (row: Plain) => row.num,
  empty: () => ({ rows: 0, sum: 0, squares: 0 }),
  add: (state, num) => ({ rows: state.rows + 1, sum: state.sum + num, squares: state.squares + num ** 2 }),
  subtract: (state, num) => ({ rows: state.rows - 1, sum: state.sum - num, squares: state.squares - num ** 2 }),
  merge: (a, b) => ({ rows: a.rows + b.rows, sum: a.sum + b.sum, squares: a.squares + b.squares }),
  result: ({ rows, sum, squares }) => rows * squares - sum ** 2,
});

const CAPPED_MAX = 12;

function capped(sum: number): number {
  if (sum > CAPPED_MAX) throw new RangeError(`${sum} is more than ${CAPPED_MAX}`);
  return sum;
}

/** A sum that can be computed only while it is small, in whatever order values come and go. */
const small = custom({
  value: (row: Plain) => row.fk2 === null ? null : Math.abs(row.fk2) % 7,
  empty: () => 0,
  add: (sum, value) => capped(sum + value),
  subtract: (sum, value) => sum - value,
  merge: (a, b) => capped(a + b),
});

const MERGED = {
  ...ADDED,
  tag_kinds: countDistinct((row: Plain) => row.tag),
  dec_kinds: countDistinct((row: Plain) => row.fk2 === null ? row.dec : row.fk2),
  spread,
  small,
  least: argMin((row: Plain) => row.num, (row) => row.tag),
  most: argMax((row: Plain) => row.dec, (row) => row.num),
  first: first((row: Plain) => row.fk2, { by: (row) => row.fk1 }),
  top: topN(3, { by: (row: Plain) => row.dec, value: (row) => row.num }),
  // Of some groups there are more.
  tags: collect((row: Plain) => row.tag, { by: (row) => row.num, max: 5 }),
};

/** Totals that a view makes of shares. */
export const ADDED_TOTALS: GroupTotals = {
  aggregates: ADDED,
  columns: {
    rows: "UInt64",
    num_sum: "Int64",
    dec_sum: "Decimal(18, 2)",
    dec_avg: "Decimal(18, 4)",
    num_min: "Int64",
    tag_max: "String",
  },
};

/** These and others, of which merge tasks hold the rows. */
export const MERGED_TOTALS: GroupTotals = {
  aggregates: MERGED,
  columns: {
    ...ADDED_TOTALS.columns,
    tag_kinds: "UInt64",
    dec_kinds: "UInt64",
    spread: "Int64",
    small: "Int64",
    least: "String",
    most: "Int64",
    first: "Nullable(Int64)",
    top: "Array(Int64)",
    tags: "Array(String)",
  },
};
