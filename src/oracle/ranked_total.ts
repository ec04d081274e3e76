import type { RankedSpec } from "../dsl/aggregate_spec.ts";
import type { AnyRow } from "../dsl/logical.ts";
import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";
import { isOrdered, order } from "./value_order.ts";

/** Whether a row can have a place among others; one of null has none. */
export function isRankable({ by }: RankedSpec, row: Row): boolean {
  const place = by(row) ?? null;
  return place === null || isOrdered(place);
}

/**
 * What a ranking makes of the rows of one group.
 * @throws TypeError for an order of numbers and texts. @throws RangeError for more values than may be shown
 */
export function rankedTotal({ kind, by, value, most }: RankedSpec, rows: readonly Row[]): unknown {
  const pairs = rows.map((row) => ({ place: by(row) as AnyRow, shown: value(row) ?? null }))
    .filter(({ place }) => place !== null && place !== undefined);
  pairs.sort((a, b) => order(a.place, b.place) || orderOfShown(a.shown, b.shown));
  // Sorting few of them may compare no number with a text.
  for (const { place } of pairs) order(place, pairs[0].place);
  const values = pairs.map(({ shown }) => shown);
  switch (kind) {
    case "argMin":
    case "first":
      return values.at(0) ?? null;
    case "argMax":
    case "last":
      return values.at(-1) ?? null;
    case "topN":
      return values.reverse().slice(0, most);
    case "collect":
      if (values.length > most) throw new RangeError(`${values.length} values are more than ${most}`);
      return values;
  }
}

/** Null, false, true, numbers, texts, all else by its JSON text. */
function orderOfShown(a: unknown, b: unknown): number {
  const kinds = [a, b].map((value) => {
    if (value === null) return 0;
    if (typeof value === "boolean") return value ? 2 : 1;
    if (typeof value === "number" || typeof value === "bigint" || value instanceof Decimal) return 3;
    return typeof value === "string" ? 4 : 5;
  });
  if (kinds[0] !== kinds[1] || kinds[0] < 3) return kinds[0] - kinds[1];
  return kinds[0] < 5 ? order(a, b) : compareText(JSON.stringify(a), JSON.stringify(b));
}
