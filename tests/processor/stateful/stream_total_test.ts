import { assertEquals, assertThrows } from "@std/assert";
import type { AggregateSpec } from "../../../src/dsl/aggregate_spec.ts";
import { avg, count, countDistinct, max, min, sum } from "../../../src/dsl/aggregates.ts";
import { custom } from "../../../src/dsl/fold_aggregates.ts";
import { argMax, argMin, collect, first, last, topN } from "../../../src/dsl/ranked_aggregates.ts";
import { folding, reducingStream } from "../../../src/dsl/stream_aggregates.ts";
import { algebraOf, contributionOf, type SharePart, totalOf } from "../../../src/processor/aggregate.ts";
import { GONE, streamTotal } from "../../../src/processor/stateful/stream_total.ts";
import { Decimal } from "../../../src/record/decimal.ts";
import { LimitError } from "../../../src/record/errors.ts";
import { decodeWire, encodeWire } from "../../../src/record/wire.ts";
import type { DistinctValues } from "../../../src/state/distinct_values.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { eachSeed } from "../../state/each_seed.ts";

interface Event {
  readonly whole: number | null;
  readonly wide: number | bigint;
  readonly money: Decimal | number | null;
  readonly text: string;
  readonly list: readonly unknown[];
}

function eventOf(choices: Choices): Event {
  const money = choices.int(2_000) - 1_000;
  return {
    whole: choices.chance(0.2) ? null : choices.int(20) - 10,
    wide: choices.of([2 ** 52, -(2 ** 52), 2n ** 70n, 3n, 7]),
    money: choices.chance(0.2) ? null : choices.chance(0.2) ? money : Decimal.of(money, choices.int(3)),
    text: choices.of(["a", "b", "\u{1F600}", "\uFF5E", "B", ""]),
    list: [choices.int(3), { money: Decimal.of(money, 2), gone: undefined }],
  };
}

const COLLECTED_MAX = 30;

const AGGREGATES = {
  count: count<Event>(),
  sum: sum((event: Event) => event.whole),
  wideSum: sum((event: Event) => event.wide),
  moneySum: sum((event: Event) => event.money),
  avg: avg((event: Event) => event.money, 4),
  min: min((event: Event) => event.whole),
  maxText: max((event: Event) => event.text),
  minWide: min((event: Event) => event.wide),
  distinct: countDistinct((event: Event) => event.text),
  distinctMoney: countDistinct((event: Event) => event.money),
  argMin: argMin((event: Event) => event.whole, (event) => event.list),
  argMax: argMax((event: Event) => event.money, (event) => event.text),
  first: first((event: Event) => event.whole, { by: (event) => event.text }),
  last: last((event: Event) => event.text, { by: (event) => event.wide }),
  topN: topN(3, { by: (event: Event) => event.money, value: (event) => event.list }),
  collect: collect((event: Event) => event.text, { by: (event) => event.whole, max: COLLECTED_MAX }),
  custom: custom({
    value: (event: Event) => event.whole,
    empty: () => ({ values: [] as number[] }),
    // In place: what callbacks do with a state is theirs.
    add: (state, value) => {
      state.values.push(value);
      state.values.sort((a, b) => a - b);
      return state;
    },
    subtract: (state) => state,
    merge: (a, b) => ({ values: [...a.values, ...b.values].sort((x, y) => x - y) }),
    result: ({ values }) => values.slice(0, 5).join(),
  }),
} as const;

/** The total as a table with these rows shows it. */
function ofTable(name: string, { spec, rows }: { readonly spec: AggregateSpec; readonly rows: readonly Event[] }) {
  if (spec.kind === "count") return rows.length;
  const { zero, add, part } = algebraOf(spec, 1_000_000);
  let state = zero();
  for (const row of rows) {
    const value = contributionOf({ name, spec }, row as never);
    if (value !== null) state = add(state, value);
  }
  if (spec.kind === "countDistinct") return (state as DistinctValues).size;
  return totalOf({ name, spec }, [part(state) as SharePart]);
}

Deno.test("streamTotal() of each kind is what a table with these rows shows, whatever is merged and read back", () => {
  eachSeed(150, (seed) => {
    const choices = choicesOf(seed);
    const rows = Array.from({ length: choices.int(COLLECTED_MAX) }, () => eventOf(choices));
    for (const [name, { spec }] of Object.entries(AGGREGATES)) {
      const { add, merge, result } = streamTotal({ name, spec });
      const runs: unknown[] = Array.from({ length: 1 + choices.int(4) }, () => null);
      for (const row of rows) {
        const at = choices.int(runs.length);
        runs[at] = add(runs[at], row);
        if (choices.chance(0.3)) runs[at] = decodeWire(encodeWire(runs[at]));
      }
      const merged = runs.reduce(merge);
      const expected = ofTable(name, { spec, rows });
      assertEquals(encodeWire(result(merged) ?? null), encodeWire(expected ?? null), name);
    }
  });
});

Deno.test("streamTotal() keeps no more values than can be shown", () => {
  const top = streamTotal({ name: "top", spec: topN(2, { by: (n: number) => n, value: (n) => n }).spec });
  const state = [5, 1, 9, 7, 3].reduce<unknown>((kept, n) => top.add(kept, n), null);
  assertEquals(state, [[9, 9], [7, 7]]);
  const newest = streamTotal({ name: "newest", spec: last((n: number) => n, { by: (n) => n }).spec });
  assertEquals([5, 9, 1].reduce<unknown>((kept, n) => newest.add(kept, n), null), [[9, 9]]);
  const kinds = streamTotal({ name: "kinds", spec: countDistinct((n: number) => n).spec });
  assertEquals([5, 9, 5, 9].reduce<unknown>((kept, n) => kinds.add(kept, n), null), ["5", "9"]);
});

Deno.test("streamTotal() refuses the value that cannot be added, and its state stays", () => {
  const collected = streamTotal({ name: "all", spec: collect((n: number) => n, { by: (n) => n, max: 2 }).spec });
  const two = collected.add(collected.add(null, 2), 1);
  assertThrows(() => collected.add(two, 3), LimitError, 'Cannot collect "all"');
  assertEquals(collected.result(two), [1, 2]);
  const least = streamTotal({ name: "least", spec: min((value: number | string) => value).spec });
  assertThrows(() => least.add(least.add(null, 1), "a"), TypeError, "numbers and texts");
  assertThrows(() => least.merge(1, "a"), TypeError, "numbers and texts");
  const ordered = streamTotal({ name: "ordered", spec: argMin((v: number | string) => v, (v) => v).spec });
  assertThrows(() => ordered.add(ordered.add(null, 1), "a"), TypeError, "numbers and texts");
  const total = streamTotal({ name: "total", spec: sum((n: number) => n).spec });
  assertThrows(() => total.add(null, 1.5), TypeError, 'Cannot add "total" exactly');
});

Deno.test("streamTotal() folds in the order of events, and is gone where folding gives null", () => {
  const { add, merge, result } = streamTotal({
    name: "path",
    spec: folding({
      empty: () => ({ path: "" }),
      add: (state, step: string) => step === "end" ? null : { path: state.path + step },
      merge: (a, b) => ({ path: `${a.path}|${b.path}` }),
      result: ({ path }) => path,
    }).spec,
  });
  const ab = add(add(null, "a"), "b");
  assertEquals(result(ab), "ab");
  assertEquals(add(ab, "end"), GONE);
  assertEquals(result(merge(ab, add(null, "c"))), "ab|c");
  assertEquals(result(merge(null, ab)), "ab");
});

Deno.test("streamTotal() refuses a state that cannot be kept, naming the total", () => {
  const spec = folding({ empty: () => new Map<string, number>(), add: (state, _: string) => state }).spec;
  assertThrows(() => streamTotal({ name: "seen", spec }).add(null, "a"), TypeError, 'Cannot aggregate "seen"');
  const none = folding({ empty: () => 0, add: (state, _: string) => state }).spec;
  const { merge } = streamTotal({ name: "none", spec: none });
  assertThrows(() => merge([0], [1]), TypeError, "give folding(...) a merge");
});

Deno.test("streamTotal() reduces rows, of which the first is the state", () => {
  const { add, merge, result } = streamTotal({
    name: "row",
    spec: reducingStream((a: { n: number }, b: { n: number }) => ({ n: a.n * 10 + b.n })).spec,
  });
  const state = add(add(null, { n: 1 }), { n: 2 });
  assertEquals(result(state), { n: 12 });
  assertEquals(result(merge(state, add(null, { n: 3 }))), { n: 123 });
});
