import { assert, assertEquals, assertThrows } from "@std/assert";
import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { joinKeyText } from "../../../src/oracle/joined_events.ts";
import type { StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type ProcessSpec, StreamProcess } from "../../../src/processor/stateful/stream_process.ts";
import { keyText } from "../../../src/record/key.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { compareText } from "../../../src/record/text_order.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { type Context, event, judged, processing, take, texts } from "./processing.ts";
import { byKey } from "./simulated_stage.ts";

Deno.test("StreamProcess keeps what each key puts into its stores, in the order of keys", () => {
  const run = processing({
    process: ([op, key, value]: [string, string, unknown], { stores: { of } }: Context) => {
      if (op === "put") of.put(key, value);
      if (op === "delete") of.delete(key);
      return [{ got: of.get(key) ?? null, all: of.entries().map(([name]) => name).join("") }];
    },
  });
  const results = take(
    run,
    event("a", ["put", "y", 1]),
    event("a", ["put", "x", [2n]]),
    event("b", ["get", "x", null]),
    event("a", ["put", "y", 3]),
    event("a", ["delete", "x", null]),
    event("a", ["delete", "unknown", null]),
  ) as [unknown, number][];
  assertEquals(results.map(([value]) => value), [
    { got: 1, all: "y" },
    { got: [2n], all: "xy" },
    { got: null, all: "" },
    { got: 3, all: "xy" },
    { got: null, all: "y" },
    { got: null, all: "y" },
  ]);
  assertEquals([...run.operator.elements.keys()], [`"a"`]);
});

Deno.test("StreamProcess keeps nothing of an event whose callback throws, whatever it did before", () => {
  const run = processing({
    process: function* (value: unknown, { stores: { of }, schedule }: Context) {
      of.put("kept", value);
      schedule(50);
      yield { n: 1 };
      if (value === "bad") throw new Error("it is bad");
    },
    punctuate: () => [],
  });
  assertThrows(() => take(run, event("a", "bad", { at: 10 })), Error, "it is bad");
  assertEquals(run.results(), []);
  assertEquals(run.operator.elements.of(`"a"`), []);
  assertEquals(run.operator.save(), 10, "but its time");
  for (const wrong of [() => {}, () => new Map(), new (class Own {})(), NaN]) {
    const other = processing({ process: (value: unknown, { stores: { of } }: Context) => (of.put("x", value), []) });
    assertThrows(() => take(other, event("a", wrong)), TypeError, "Cannot encode");
  }
  assertThrows(
    () => take(processing({ process: () => "text" }), event("a", 1)),
    TypeError,
    "Cannot take text as results",
  );
  const early = (_: unknown, { schedule }: Context) => (schedule(1.5), []);
  const called = processing({ process: early, punctuate: () => [] });
  assertThrows(() => take(called, event("a", 1)), TypeError, "Cannot schedule a call for 1.5");
  assertThrows(() => take(processing({ process: early }), event("a", 1)), TypeError, "the processor has no punctuate,");
});

Deno.test("StreamProcess gives values that nobody can change by the way", () => {
  const given = { list: [1] };
  const run = processing({
    process: (value: { list: number[] }, { stores: { of } }: Context) => {
      const known = of.get("x") as { list: number[] } | undefined;
      known?.list.push(2);
      of.put("x", value);
      return [];
    },
  });
  take(run, event("a", given));
  given.list.push(3);
  assertEquals((run.operator.elements.of(`"a"`)[0].state as unknown[])[2], { list: [1] });
  assertThrows(() => take(run, event("a", given)), TypeError, "not extensible");
});

Deno.test("StreamProcess calls punctuate once for each time that a key has scheduled, before the event", () => {
  const run = processing({
    process: (value: number | null, { schedule, key: { id }, stores: { counts } }: Context) => {
      counts.put("n", (counts.get("n") ?? 0) + 1);
      if (value !== null) schedule(value);
      return [{ event: id }];
    },
    punctuate: ({ key: { id }, timestampUs, streamTimeUs, stores: { counts }, schedule }: Context) => {
      if (timestampUs === 30) schedule(31);
      return [{ due: id, timestampUs, streamTimeUs, n: counts.get("n") }];
    },
  });
  assertEquals(
    take(
      run,
      event("b", 30, { at: 10 }),
      event("a", 30, { at: 11 }),
      event("a", 30, { at: 29 }),
      event("c", null, { at: 40 }),
    ),
    [
      [{ event: "b" }, 10],
      [{ event: "a" }, 11],
      [{ event: "a" }, 29],
      [{ due: "a", timestampUs: 30, streamTimeUs: 40, n: 2 }, 30],
      [{ due: "b", timestampUs: 30, streamTimeUs: 40, n: 1 }, 30],
      [{ event: "c" }, 40],
    ],
  );
  assertEquals(take(run, event("c", 5, { at: 40 })), [[{ event: "c" }, 40]], "a time that is over: when time moves on");
  assertEquals(take(run, event("d", null, { at: 41 })), [
    [{ due: "a", timestampUs: 41, streamTimeUs: 41, n: 2 }, 41],
    [{ due: "b", timestampUs: 41, streamTimeUs: 41, n: 1 }, 41],
    [{ due: "c", timestampUs: 41, streamTimeUs: 41, n: 2 }, 41],
    [{ event: "d" }, 41],
  ]);
});

Deno.test("StreamProcess calls punctuate once for all times that were over, a microsecond behind stream time", () => {
  const run = processing({
    process: (value: readonly number[], { schedule }: Context) => (value.forEach(schedule), []),
    punctuate: ({ timestampUs, streamTimeUs, schedule }: Context) => {
      if (timestampUs < 50) schedule(timestampUs - 30);
      return [{ timestampUs, streamTimeUs }];
    },
  });
  assertEquals(take(run, event("a", [5, 6, 40], { at: 40 })), []);
  assertEquals(take(run, event("a", [], { at: 49 })), [[{ timestampUs: 41, streamTimeUs: 49 }, 41]]);
  assertEquals(take(run, event("a", [], { at: 90 })), [[{ timestampUs: 50, streamTimeUs: 90 }, 50]]);
});

Deno.test("StreamProcess tells of a scheduled call that throws, and goes on with the event that moved time", () => {
  const failed: unknown[] = [];
  const results: unknown[] = [];
  const operator = new StreamProcess({
    stores: texts("of"),
    process: (value: unknown, { schedule }: Context) => (schedule(20), [{ value }]),
    punctuate: ({ stores: { of } }: Context) => {
      of.put("x", 1);
      throw new Error("it is due");
    },
    punctuateWallClock: null,
  }, {
    forward: ({ value }) => results.push(value),
    onDropped: () => {},
    onFailed: (key, cause) => failed.push([key, (cause as Error).message]),
  });
  for (const [key, timestampUs] of [["a", 10], ["b", 20]] as const) {
    operator.take(0, { key, columns: { id: key }, value: key, timestampUs });
  }
  assertEquals(results, [{ value: "a" }, { value: "b" }]);
  assertEquals(failed, [[{ id: "a" }, "it is due"]]);
  assertEquals(operator.elements.of("a"), []);
});

/** Counts the events of each key since it was quiet for 10, lists what it saw, and tells when it becomes quiet. */
const QUIET: ProcessSpec = {
  stores: texts("of", "counts"),
  process: (value: { n: number }, { stores: { of, counts }, timestampUs, schedule }: Context) => {
    const n = (counts.get("n") ?? 0) + 1;
    counts.put("n", n);
    of.put(String(value.n % 7), value.n);
    if (value.n % 5 === 0) of.delete(String(value.n % 3));
    counts.put("last", Math.max(counts.get("last") ?? timestampUs, timestampUs));
    schedule(timestampUs + 10);
    return [{ n, seen: of.entries().flat().join() }];
  },
  punctuate: ({ stores: { of, counts }, timestampUs }: Context) => {
    if (counts.get("last")! + 10 > timestampUs) return [];
    const quiet = { quiet: counts.get("n"), first: of.entries().at(0)?.[1] ?? null };
    counts.delete("n");
    return [quiet];
  },
  punctuateWallClock: null,
};

/** The same, told apart from stores, elements and clocks. */
function computeQuiet(events: readonly JoinedEvent[]): JoinResult[][] {
  const keys = new Map<string, { n: number | undefined; last: number; seen: Map<string, number>; due: Set<number> }>();
  let now = -Infinity;
  return events.map(({ key, value, timestampUs }) => {
    now = Math.max(now, timestampUs);
    const results: JoinResult[] = [];
    const due = [...keys].flatMap(([id, { due }]) => [...due].filter((at) => at <= now).map((at) => [at, id] as const));
    for (const [at, id] of due.sort(([a, x], [b, y]) => a - b || compareText(keyText(x), keyText(y)))) {
      const state = keys.get(id)!;
      state.due.delete(at);
      if (state.last + 10 > at) continue;
      const first = [...state.seen].sort(([a], [b]) => compareText(a, b)).at(0)?.[1] ?? null;
      results.push({ key: JSON.parse(`{"id":${id}}`), value: { quiet: state.n, first }, timestampUs: at });
      state.n = undefined;
    }
    const id = joinKeyText(key!);
    const state = keys.getOrInsertComputed(
      id,
      () => ({ n: undefined, last: timestampUs, seen: new Map(), due: new Set() }),
    );
    const { n } = value as { n: number };
    state.n = (state.n ?? 0) + 1;
    state.seen.set(String(n % 7), n);
    if (n % 5 === 0) state.seen.delete(String(n % 3));
    state.last = Math.max(state.last, timestampUs);
    state.due.add(Math.max(timestampUs + 10, now + 1));
    const seen = [...state.seen].sort(([a], [b]) => compareText(a, b)).flat().join();
    return [...results, { key, value: { n: state.n, seen }, timestampUs }];
  });
}

Deno.test("StreamProcess makes the same of random events, whatever crashes, as is found without it", () => {
  let disturbed = 0;
  eachSeed(200, (seed) => {
    const random = mulberry32(seed);
    let now = 0;
    const events = Array.from({ length: 60 }, (_, n): JoinedEvent => {
      now += Math.floor(random() * 5);
      return event("abc"[Math.floor(random() * 3)], { n }, {
        at: random() < 0.3 ? now - Math.floor(random() * 25) : now,
      });
    });
    const wanted = computeQuiet(events).map(byKey);
    const make = (ports: StatefulPorts) => new StreamProcess(QUIET, ports);
    if (judged({ events, make, wanted }, random) > 1) disturbed++;
  });
  assert(disturbed > 100, `${disturbed} were disturbed`);
});
