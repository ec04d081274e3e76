import { argMax, argMin, avg, collect, count, countDistinct, first, max, min, sum, topN } from "../../src/mod.ts";
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

const MERGED = {
  ...ADDED,
  tag_kinds: countDistinct((row: Plain) => row.tag),
  dec_kinds: countDistinct((row: Plain) => row.fk2 === null ? row.dec : row.fk2),
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
    least: "String",
    most: "Int64",
    first: "Nullable(Int64)",
    top: "Array(Int64)",
    tags: "Array(String)",
  },
};
