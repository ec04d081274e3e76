import type { AggregateSpec, FoldSpec, NamedSpec, RankedSpec, TotalSpec } from "../../dsl/aggregate_spec.ts";
import type { FoldingSpec, StreamAggregateSpec } from "../../dsl/stream_aggregates.ts";
import { Decimal } from "../../record/decimal.ts";
import { LimitError } from "../../record/errors.ts";
import { keyValueText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { compareText } from "../../record/text_order.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import { compareOrdered, type Ordered } from "../../state/multiset.ts";
import { contributionOf, type SharePart, totalOf } from "../aggregate.ts";
import { mixedKinds } from "../algebra.ts";
import { ExactSum, type SumPart } from "../exact_sum.ts";
import { isMixed, orderOf, type Ranked } from "../ranked.ts";
import { shownValue } from "../shown_value.ts";

/** What `folding` gives where a group is gone. */
export const GONE: unique symbol = Symbol("gone");

/**
 * One total of a stream, to which events only come. States are wire values that nobody changes; null is that of no
 * values.
 *
 * Law: of the totals that tables have, too, the result is what a table with the same rows shows, whatever was merged
 * with what.
 */
export interface StreamTotal {
  /**
   * The state with an event more.
   * @throws what a callback throws; TypeError for a value that cannot be added; LimitError for one value too many
   */
  add(state: unknown, value: unknown): unknown;
  /** The state of the events of both. @throws as {@link StreamTotal.add} */
  merge(a: unknown, b: unknown): unknown;
  /** What is shown. @throws what a callback throws; LimitError for a total of too many digits */
  result(state: unknown): unknown;
}

/** The total of one column. */
export function streamTotal({ name, spec }: NamedStreamSpec): StreamTotal {
  switch (spec.kind) {
    case "folding":
      return folded(name, spec);
    case "newest":
      return {
        add: (_, value) => value === null ? GONE : newest(name, value),
        merge: (_, b) => b,
        result: (row) => row,
      };
    case "custom":
    case "reduce":
      return custom({ name, spec });
    case "count":
      return { add: (rows) => plus(rows ?? 0, 1), merge: (a, b) => plus(a ?? 0, b ?? 0), result: (rows) => rows ?? 0 };
    case "sum":
      return contributing({ name, spec }, {
        from: (value) => plus(0, value),
        add: plus,
        partOf: (sum) => sum as SumPart ?? 0,
      });
    case "avg":
      return mean({ name, spec });
    case "min":
    case "max":
      return extreme({ name, spec });
    case "countDistinct": {
      const { add, merge } = contributing({ name, spec }, { from: (value) => [keyValueText(value)], add: united });
      return { add, merge, result: (texts) => (texts as readonly string[] | null)?.length ?? 0 };
    }
    default:
      return ranked({ name, spec });
  }
}

interface NamedStreamSpec {
  readonly name: string;
  readonly spec: StreamAggregateSpec;
}

/** A total of which a value alone is a state, so that to add one is to merge. */
function contributing(
  column: NamedSpec<AggregateSpec>,
  { from = (value) => value, add, partOf }: {
    readonly from?: (value: unknown) => unknown;
    readonly add: (a: unknown, b: unknown) => unknown;
    /** The state as a table's total has it. */
    readonly partOf?: (state: unknown) => SharePart;
  },
): StreamTotal {
  const merge = (a: unknown, b: unknown) => a === null || b === null ? a ?? b : add(a, b);
  return {
    add(state, value) {
      const contribution = contributionOf(column, value as Row);
      return contribution === null ? state : merge(state, from(asRead(column.name, contribution)));
    },
    merge,
    result: (state) =>
      totalOf(column as NamedSpec<Exclude<AggregateSpec, { kind: "countDistinct" }>>, [partOf!(state)]),
  };
}

function plus(a: unknown, b: unknown): SumPart {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = new ExactSum();
  sum.add(a as SumPart);
  sum.add(b as SumPart);
  return sum.part();
}

type Mean = readonly [sum: SumPart, values: number];

function mean(column: NamedSpec<TotalSpec>): StreamTotal {
  return contributing(column, {
    from: (value) => [plus(0, value), 1],
    add: (a, b) => [plus((a as Mean)[0], (b as Mean)[0]), (a as Mean)[1] + (b as Mean)[1]],
    partOf: (state) => state as Mean ?? [0, 0],
  });
}

function extreme(column: NamedSpec<TotalSpec>): StreamTotal {
  const { name, spec: { kind } } = column;
  const sign = kind === "min" ? 1 : -1;
  return contributing(column, {
    add(a, b) {
      if ((typeof a === "string") !== (typeof b === "string")) throw mixedKinds(name, kind);
      return compareOrdered(b as Ordered, a as Ordered) * sign < 0 ? b : a;
    },
    partOf: (state) => state as Ordered | null,
  });
}

/** Texts of both, in order, each once. */
function united(a: unknown, b: unknown): readonly string[] {
  const [all, others] = [a, b] as [string[], string[]];
  if (others.length === 1) return withText(all, others[0]);
  return [...new Set([...all, ...others])].sort(compareText);
}

function withText(all: readonly string[], text: string): readonly string[] {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(all[middle], text) < 0) low = middle + 1;
    else high = middle;
  }
  return all[low] === text ? all : all.toSpliced(low, 0, text);
}

/** The first values in the order, as many as can be shown: nothing is taken out, so none behind them is ever needed. */
function ranked(column: NamedSpec<RankedSpec>): StreamTotal {
  const { name, spec } = column;
  const order = orderOf(spec);
  return contributing(column, {
    from: (value) => [value],
    add(a, b) {
      const [some, others] = [a, b] as [Ranked[], Ranked[]];
      if (isMixed(some[0], others[0])) throw mixedKinds(name, spec.kind);
      const cut = spec.kind !== "collect" && some.length === spec.most;
      if (cut && order(some.at(-1)!, others[0]) <= 0) return some;
      const all = [...some, ...others].sort(order);
      if (all.length <= spec.most) return all;
      if (spec.kind !== "collect") return all.slice(0, spec.most);
      throw new LimitError(
        "max",
        `Cannot collect "${name}" of a group with more than ${spec.most} rows. Raise max in collect(...), group by ` +
          "more columns, or take topN(...), which cuts",
      );
    },
    partOf: (state) => ({ first: state as readonly Ranked[] ?? [] }),
  });
}

/** `[state]`: callbacks may have null as a state of values. */
type Held = readonly [state: unknown];

function custom(column: NamedSpec<FoldSpec>): StreamTotal {
  const { name, spec: { value: valueOf, empty, add, merge } } = column;
  const read = (state: unknown) => asRead(name, (state as Held)[0]);
  return {
    add(state, value) {
      const contribution = asRead(name, valueOf(value) ?? null);
      if (contribution === null) return state;
      if (state !== null) return [asRead(name, add(read(state), contribution))];
      return [empty === null ? contribution : asRead(name, add(empty(), contribution))];
    },
    merge: (a, b) => a === null || b === null ? a ?? b : [asRead(name, merge(read(a), read(b)))],
    result: (state) => totalOf(column, [state === null ? null : { state: read(state) }]),
  };
}

/** @throws TypeError for what is no row, or cannot be written */
function newest(name: string, value: unknown): unknown {
  if (typeof value === "object" && !Array.isArray(value)) return asRead(name, value);
  throw new TypeError(`Cannot take ${shownValue(value)} as a row of a table: map it to an object with mapValues()`);
}

function folded(name: string, { empty, add, merge, result }: FoldingSpec): StreamTotal {
  const read = (state: unknown) => state === null ? empty() : asRead(name, (state as Held)[0]);
  const held = (state: unknown) => state === null ? GONE : [asRead(name, state)];
  return {
    add: (state, value) => held(add(read(state), value)),
    merge(a, b) {
      if (a === null || b === null) return a ?? b;
      if (merge === null) throw new TypeError(`Cannot merge states of "${name}": give folding(...) a merge`);
      return held(merge(read(a), read(b)));
    },
    result: (state) => result === null ? read(state) : result(read(state)),
  };
}

/**
 * A value as it is once it was written and read back, so that a restart changes nothing; and one of its own, so that a
 * callback may do with it what it likes.
 * @throws TypeError for what cannot be written
 */
function asRead(name: string, value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean" || value instanceof Decimal) {
    return value;
  }
  if (typeof value === "number" && Number.isFinite(value)) return value + 0;
  try {
    return decodeWire(encodeWire(value));
  } catch (cause) {
    throw new TypeError(`Cannot aggregate "${name}": ${(cause as Error).message}`, { cause });
  }
}
