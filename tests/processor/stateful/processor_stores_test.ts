import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Session, StoreSpec, TimedStore } from "../../../src/dsl/processor_stores.ts";
import type { ProcessorContext } from "../../../src/dsl/processors.ts";
import { type JoinedEvent, joinKeyText, type JoinResult } from "../../../src/oracle/joined_events.ts";
import type { StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type ProcessSpec, StreamProcess } from "../../../src/processor/stateful/stream_process.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { eachSeed } from "../../state/each_seed.ts";
import type { Machine } from "./join_run.ts";
import { event, judged, processing, take } from "./processing.ts";
import { byKey } from "./simulated_stage.ts";

interface Stores {
  readonly clicks: TimedStore<unknown, "window">;
  readonly visits: TimedStore<unknown, "session">;
}

type Context = ProcessorContext<{ id: string }, Stores>;

const RETENTION = 100;
const STORES: StoreSpec[] = [
  { name: "clicks", kind: "window", retentionUs: RETENTION },
  { name: "visits", kind: "session", retentionUs: RETENTION },
];

/** A processor whose events are what is done with its stores; it tells what they return. */
function told(): Machine {
  return processing({
    stores: STORES,
    process: (action: (stores: Context["stores"]) => unknown, { stores }: Context) => [{ is: action(stores) }],
  });
}

type Action = (stores: Context["stores"]) => unknown;

/** What the actions return, one after the other, at a time. */
function all([run, at]: readonly [Machine, number], ...actions: readonly Action[]): unknown[] {
  const results = take(run, ...actions.map((action) => event("a", action, { at })));
  return (results as [{ is: unknown }, number][]).map(([{ is }]) => is ?? null);
}

/** What is kept, as texts: from, to, and the value. */
function kept({ operator }: Machine): string[] {
  return operator.elements.of(`"a"`).map(({ start, end, state }) => `${start}-${end} ${(state as unknown[])[2]}`);
}

Deno.test("a window store gives the values of times, forwards and backwards, as the call has changed them", () => {
  const run = told();
  assertEquals(
    all(
      [run, 50],
      ({ clicks }) => (clicks.put(30, "c"), clicks.put(10, "a"), clicks.put(20, ["b"]), clicks.fetch(10, 30)),
      ({ clicks }) => clicks.fetch(20),
      ({ clicks }) => clicks.fetch(21),
      ({ clicks }) => clicks.backwardFetch(11, 99),
      ({ clicks }) => (clicks.delete(20), clicks.put(25, "d"), clicks.put(30, "e"), clicks.fetch(-Infinity, Infinity)),
      ({ clicks }) => clicks.fetch(25, 25),
      ({ clicks }) => clicks.fetch(26, 25),
      ({ clicks }) => clicks.fetch(20),
    ),
    [
      [[10, "a"], [20, ["b"]], [30, "c"]],
      ["b"],
      null,
      [[30, "c"], [20, ["b"]]],
      [[10, "a"], [25, "d"], [30, "e"]],
      [[25, "d"]],
      [],
      null,
    ],
  );
  assertThrows(() => all([run, 50], ({ clicks }) => clicks.put(1.5, "x")), TypeError, "a whole number");
  assertThrows(() => all([run, 50], ({ clicks }) => clicks.put(1, () => {})), TypeError, "Cannot encode");
});

Deno.test("a window store lets a value go at its time and the retention, and counts what is late", () => {
  const run = told();
  all([run, 0], ({ clicks }) => (clicks.put(0, "early"), clicks.put(10, "gone"), clicks.put(150, "ahead")));
  assertEquals(all([run, 99], ({ clicks }) => (clicks.delete(10), clicks.fetch(0, 999))), [[[0, "early"], [
    150,
    "ahead",
  ]]]);
  assertEquals(kept(run), ["0-0 early", "10-10 undefined", "150-150 ahead"]);
  assertEquals(all([run, 100], ({ clicks }) => [clicks.fetch(0), clicks.fetch(0, 999)]), [[undefined, [[
    150,
    "ahead",
  ]]]]);
  assertEquals(kept(run), ["10-10 undefined", "150-150 ahead"]);
  assertEquals(
    all([run, 50], ({ clicks }) => (clicks.put(0, "late"), clicks.put(1, "in time"), clicks.fetch(0, 999))),
    [[[1, "in time"], [150, "ahead"]]],
  );
  assertEquals([...run.dropped], [["late", 1]]);
  all([run, 250], () => null);
  assertEquals(kept(run), []);
  assertThrows(() =>
    all([run, 250], ({ clicks }) => {
      clicks.put(0, "late");
      throw new Error("no");
    }), Error);
  assertEquals([...run.dropped], [["late", 1]], "nothing of a call that throws counts");
});

const span = (startUs: number, endUs: number): Session => ({ startUs, endUs });
const spans = (found: [Session, unknown][]) =>
  found.map(([{ startUs, endUs }, value]) => `${startUs}-${endUs} ${value}`);

Deno.test("a session store finds sessions by their ends and starts; one that grows takes its own place", () => {
  const run = told();
  assertEquals(
    all(
      [run, 50],
      ({ visits }) => (visits.put(span(20, 30), "b"), visits.put(span(10, 15), "a"), visits.put(span(10, 40), "c")),
      ({ visits }) => spans(visits.fetch()),
      ({ visits }) => spans(visits.backwardFetch()),
      ({ visits }) => spans(visits.findSessions(15, 10)),
      ({ visits }) => spans(visits.findSessions(16, 19)),
      ({ visits }) => spans(visits.backwardFindSessions(30, 20)),
      ({ visits }) => visits.fetchSession(span(10, 40)),
      ({ visits }) => visits.fetchSession(span(10, 41)),
    ),
    [
      null,
      ["10-15 a", "20-30 b", "10-40 c"],
      ["10-40 c", "20-30 b", "10-15 a"],
      ["10-15 a", "10-40 c"],
      ["10-40 c"],
      ["10-40 c", "20-30 b"],
      "c",
      null,
    ],
  );
  run.operator.elements.takeChanges();
  all([run, 50], ({ visits }) => (visits.remove(span(20, 30)), visits.put(span(20, 35), "grown")));
  const [gone, put] = run.operator.elements.takeChanges();
  assertEquals([gone.kind, put.kind, gone.element.seq === put.element.seq], ["gone", "put", true]);
  // One that became shorter does not: what is known of the longer one must be over before its place is free.
  all([run, 50], ({ visits }) => (visits.remove(span(20, 35)), visits.put(span(20, 22), "shorter")));
  assertEquals(kept(run), ["10-15 a", "10-40 c", "20-22 shorter", "20-35 undefined"]);
  all([run, 121], ({ visits }) => (visits.put(span(5, 21), "late"), visits.remove(span(1, 2))));
  assertEquals([kept(run), [...run.dropped]], [["10-40 c", "20-22 shorter", "20-35 undefined"], [["late", 1]]]);
  assertEquals(all([run, 139], ({ visits }) => spans(visits.fetch())), [["10-40 c"]]);
  all([run, 140], () => null);
  assertEquals(kept(run), []);
  assertThrows(() => all([run, 140], ({ visits }) => visits.put(span(9, 8), "x")), TypeError, "ends before it begins");
});

Deno.test("stores of all kinds and scheduled times of one key do not meet, also at the same time", () => {
  const stores: StoreSpec[] = [{ name: "texts", kind: "key-value" }, ...STORES, {
    name: "others",
    kind: "window",
    retentionUs: 10,
  }];
  const run = processing({
    stores,
    // deno-lint-ignore no-explicit-any -- one store of each kind
    process: (_: unknown, { stores: { texts, clicks, others, visits }, schedule }: any) => {
      texts.put("0", "text");
      clicks.put(0, "click");
      others.put(0, "other");
      visits.put(span(0, 0), "moment");
      visits.put(span(0, 5), "visit");
      schedule(0);
      return [[texts.entries(), clicks.fetch(0, 9), others.fetch(0), spans(visits.fetch())]];
    },
    // deno-lint-ignore no-explicit-any -- as above
    punctuate: ({ stores: { texts, clicks, others, visits } }: any) => [
      [texts.entries(), clicks.fetch(0), others.fetch(0) ?? null, spans(visits.fetch())],
    ],
  });
  const first = take(run, event("a", 0, { at: -5 }), event("a", 0, { at: -5 }));
  const there = [[["0", "text"]], [[0, "click"]], "other", ["0-0 moment", "0-5 visit"]];
  assertEquals(first, [[there, -5], [there, -5]]);
  assertEquals(run.operator.elements.of(`"a"`).length, 6);
  assertEquals(take(run, event("b", 0, { at: 10 })).slice(0, 1), [
    [[[["0", "text"]], "click", null, ["0-0 moment", "0-5 visit"]], 0],
  ]);
});

/** Merges sessions of its key that are near, counts clicks by windows of ten, and tells both. */
const SESSIONS: ProcessSpec = {
  stores: STORES,
  process: (_: unknown, { stores: { clicks, visits }, timestampUs: at, schedule }: Context) => {
    const start = Math.floor(at / 10) * 10;
    clicks.put(start, Number(clicks.fetch(start) ?? 0) + 1);
    let [startUs, endUs, n] = [at, at, 1];
    for (const [near, count] of visits.findSessions(at - 15, at + 15)) {
      visits.remove(near);
      [startUs, endUs, n] = [Math.min(startUs, near.startUs), Math.max(endUs, near.endUs), n + Number(count)];
    }
    visits.put({ startUs, endUs }, n);
    if (at % 7 === 0) clicks.delete(start - 20);
    schedule(at + 60);
    return [{ clicks: clicks.fetch(-Infinity, Infinity).join(), visits: spans(visits.fetch()).join() }];
  },
  punctuate: ({ stores: { clicks, visits } }: Context) => [
    { due: clicks.backwardFetch(-Infinity, Infinity).join(), visits: spans(visits.backwardFetch()).join() },
  ],
  punctuateWallClock: null,
};

interface OfKey {
  clicks: Map<number, number>;
  visits: { startUs: number; endUs: number; n: number }[];
  readonly due: Set<number>;
}

/** The same, from what it must be: no elements, no clocks, all of it looked through. */
function computeSessions(events: readonly JoinedEvent[]): JoinResult[][] {
  const keys = new Map<string, OfKey>();
  let now = -Infinity;
  const shown = ({ clicks, visits }: OfKey) => ({
    clicks: [...clicks].sort(([a], [b]) => a - b),
    visits: visits.toSorted((a, b) => a.endUs - b.endUs || a.startUs - b.startUs)
      .map(({ startUs, endUs, n }) => `${startUs}-${endUs} ${n}`),
  });
  return events.map(({ key, timestampUs: at }) => {
    now = Math.max(now, at);
    for (const state of keys.values()) {
      state.clicks = new Map([...state.clicks].filter(([start]) => start + RETENTION > now));
      state.visits = state.visits.filter(({ endUs }) => endUs + RETENTION > now);
    }
    const due = [...keys].flatMap(([id, { due }]) => [...due].filter((at) => at <= now).map((at) => ({ at, id })))
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    const results = due.map(({ at, id }): JoinResult => {
      keys.get(id)!.due.delete(at);
      const { clicks, visits } = shown(keys.get(id)!);
      const value = { due: clicks.toReversed().join(), visits: visits.toReversed().join() };
      return { key: { id: JSON.parse(id) }, value, timestampUs: at };
    });
    const id = joinKeyText(key!);
    const state = keys.getOrInsertComputed(id, () => ({ clicks: new Map(), visits: [], due: new Set() }));
    const start = Math.floor(at / 10) * 10;
    if (start + RETENTION > now) state.clicks.set(start, (state.clicks.get(start) ?? 0) + 1);
    const [near, far] = [true, false].map((is) =>
      state.visits.filter(({ startUs, endUs }) => (endUs >= at - 15 && startUs <= at + 15) === is)
    );
    const merged = {
      startUs: Math.min(at, ...near.map(({ startUs }) => startUs)),
      endUs: Math.max(at, ...near.map(({ endUs }) => endUs)),
      n: near.reduce((sum, { n }) => sum + n, 1),
    };
    state.visits = merged.endUs + RETENTION > now ? [...far, merged] : far;
    if (at % 7 === 0) state.clicks.delete(start - 20);
    state.due.add(Math.max(at + 60, now + 1));
    const { clicks, visits } = shown(state);
    return [...results, { key, value: { clicks: clicks.join(), visits: visits.join() }, timestampUs: at }];
  });
}

Deno.test("stores of windows and sessions have the same at random events, whatever crashes, as without it", () => {
  let disturbed = 0;
  eachSeed(200, (seed) => {
    const random = mulberry32(seed);
    let now = 0;
    const events = Array.from({ length: 60 }, (_, n): JoinedEvent => {
      now += Math.floor(random() * (random() < 0.1 ? 90 : 12));
      const at = random() < 0.3 ? now - Math.floor(random() * 130) : now;
      return event("ab"[Math.floor(random() * 2)], n, { at });
    });
    const make = (ports: StatefulPorts) => new StreamProcess(SESSIONS, ports);
    if (judged({ events, make, wanted: computeSessions(events).map(byKey) }, random) > 1) disturbed++;
  });
  assert(disturbed > 100, `${disturbed} were disturbed`);
});
