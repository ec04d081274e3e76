import type { NamedSpec, RankedSpec } from "../dsl/aggregate_spec.ts";
import { LimitError } from "../record/errors.ts";
import { compareOrdered, isOrdered, type Ordered } from "../state/multiset.ts";
import { SortedBag } from "../state/sorted_bag.ts";
import { compareValues } from "../state/value_order.ts";
import { type Algebra, mixedKinds } from "./algebra.ts";
import { checkTold } from "./contribution.ts";

/** What a row contributes: its place in the order, and what is shown of it. */
export type Ranked = readonly [by: Ordered, value: unknown];

/**
 * A home's share of the values of a group: the first of its own, of which there are never more than are shown. One of
 * whose rows the order cannot be told, or that are more than `collect` may show, is told instead.
 */
export type RankedPart = { readonly first: readonly Ranked[] } | { readonly refused: "mixed" | "too many" };

/**
 * What `row` contributes; null if it has no place in the order.
 * @throws TypeError for what cannot be ordered, or not be told to another task
 */
export function rankedOf({ name, spec: { kind, by, value } }: NamedSpec<RankedSpec>, row: unknown): Ranked | null {
  const place = by(row) ?? null;
  if (place === null) return null;
  if (!isOrdered(place)) {
    throw new TypeError(
      `Cannot order "${name}": current value of "by" is ${String(place)}. Return a finite number, a Decimal, a text ` +
        `or null from ${kind}(...)`,
    );
  }
  const shown = value(row) ?? null;
  checkTold(name, shown);
  return [place, shown];
}

/** Numbers before texts, which have no order among each other: that both are there is seen at the ends. */
function compareRanked(a: Ranked, b: Ranked): number {
  const kinds = Number(typeof a[0] === "string") - Number(typeof b[0] === "string");
  return kinds || compareOrdered(a[0], b[0]) || compareValues(a[1], b[1]);
}

/** The order in which values are shown. */
export function orderOf({ kind }: RankedSpec): (a: Ranked, b: Ranked) => number {
  const descending = kind === "argMax" || kind === "last" || kind === "topN";
  return descending ? (a, b) => compareRanked(b, a) : compareRanked;
}

/** The values of a group in an order: all of them are kept, as the second is the first once the first goes. */
export function rankedAlgebra(spec: RankedSpec): Algebra {
  const order = orderOf(spec);
  return {
    zero: () => new SortedBag<Ranked>(order),
    add(state, value) {
      (state as SortedBag<Ranked>).add(value as Ranked);
      return state;
    },
    remove(state, value) {
      (state as SortedBag<Ranked>).remove(value as Ranked);
      return state;
    },
    part(state): RankedPart {
      const bag = state as SortedBag<Ranked>;
      const first = bag.first(spec.most);
      if (first.length > 0 && isMixed(first[0], bag.last()!)) return { refused: "mixed" };
      return spec.kind === "collect" && bag.size > spec.most ? { refused: "too many" } : { first };
    },
  };
}

/** Whether there is no order between two values: one goes by a text, the other by a number. */
export function isMixed(a: Ranked, b: Ranked): boolean {
  return (typeof a[0] === "string") !== (typeof b[0] === "string");
}

/**
 * What all homes' shares make: one value, or a list.
 * @throws TypeError for an order of numbers and texts. @throws LimitError for more values than `collect` may show
 */
export function rankedTotal({ name, spec }: NamedSpec<RankedSpec>, parts: readonly RankedPart[]): unknown {
  const all: Ranked[] = [];
  let tooMany = false;
  for (const part of parts) {
    if ("first" in part) all.push(...part.first);
    else if (part.refused === "mixed") throw mixedKinds(name, spec.kind);
    else tooMany = true;
  }
  all.sort(orderOf(spec));
  if (all.length > 0 && isMixed(all[0], all.at(-1)!)) throw mixedKinds(name, spec.kind);
  switch (spec.kind) {
    case "argMin":
    case "argMax":
    case "first":
    case "last":
      return all.length === 0 ? null : all[0][1];
    case "collect":
      if (tooMany || all.length > spec.most) {
        throw new LimitError(
          "max",
          `Cannot collect "${name}" of a group with more than ${spec.most} rows. Raise max in collect(...), group by ` +
            "more columns, or take topN(...), which cuts",
        );
      }
      return all.map(([, value]) => value);
    case "topN":
      return all.slice(0, spec.most).map(([, value]) => value);
  }
}
