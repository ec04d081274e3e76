import { assert, assertEquals, assertThrows } from "@std/assert";
import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { joinKeyText } from "../../../src/oracle/joined_events.ts";
import type { StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type ProcessSpec, StreamProcess } from "../../../src/processor/stateful/stream_process.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { eachSeed } from "../../state/each_seed.ts";
import { WALL_CLOCK } from "./join_run.ts";
import { clock, type Context, event, judged, processing, take, texts } from "./processing.ts";
import { byKey } from "./simulated_stage.ts";

Deno.test("StreamProcess calls by the wall clock when a record says that its time has come, once for each time", () => {
  const run = processing({
    process: (value: number[], { scheduleWallClock, schedule, stores: { counts } }: Context) => {
      counts.put("n", (counts.get("n") ?? 0) + 1);
      value.forEach(scheduleWallClock);
      schedule(1_000);
      return [];
    },
    punctuate: () => [],
    punctuateWallClock: (context: Context) => {
      const { key: { id }, timestampUs, wallClockUs, streamTimeUs, stores: { counts }, scheduleWallClock } = context;
      if (timestampUs === 20) scheduleWallClock(25);
      return [{ due: id, wallClockUs, streamTimeUs, n: counts.get("n") }];
    },
  });
  assertEquals(run.operator.wallDueUs, null);
  assertEquals(
    take(
      run,
      event("b", [30, 20], { at: 500 }),
      event("a", [30, 30], { at: 501 }),
      event("c", [31], { at: 900 }),
      clock(19),
    ),
    [],
    "not by events, nor by any other time",
  );
  assertEquals(run.operator.wallDueUs, 20);
  assertEquals(take(run, clock(30)), [
    [{ due: "b", wallClockUs: 30, streamTimeUs: 900, n: 1 }, 20],
    [{ due: "a", wallClockUs: 30, streamTimeUs: 900, n: 1 }, 30],
    [{ due: "b", wallClockUs: 30, streamTimeUs: 900, n: 1 }, 30],
  ]);
  assertEquals(take(run, clock(29), clock(30)), []);
  assertEquals(run.operator.wallDueUs, 31, "what was scheduled for a time that is over is due at the next one");
  assertEquals(take(run, clock(40)), [
    [{ due: "b", wallClockUs: 40, streamTimeUs: 900, n: 1 }, 31],
    [{ due: "c", wallClockUs: 40, streamTimeUs: 900, n: 1 }, 31],
  ]);
  assertEquals(run.operator.wallDueUs, null);
  const without = processing({ process: (_: unknown, { scheduleWallClock }: Context) => (scheduleWallClock(1), []) });
  assertThrows(() => take(without, event("a", 1)), TypeError, "has no punctuateWallClock");
});

/** Counts the events of each key, and tells how many there were at times of the wall clock. */
const TIMED: ProcessSpec = {
  stores: texts("counts"),
  process: ({ atUs }: { atUs: number }, { stores: { counts }, scheduleWallClock, wallClockUs }: Context) => {
    counts.put("n", (counts.get("n") ?? 0) + 1);
    scheduleWallClock(atUs);
    return [{ wallClockUs }];
  },
  punctuate: null,
  punctuateWallClock: ({ stores: { counts }, wallClockUs, timestampUs, scheduleWallClock }: Context) => {
    if (timestampUs % 3 === 0) scheduleWallClock(wallClockUs + 7);
    return [{ n: counts.get("n"), wallClockUs }];
  },
};

function computeTimed(events: readonly JoinedEvent[]): JoinResult[][] {
  const keys = new Map<string, { n: number; due: Set<number> }>();
  let now = -Infinity;
  return events.map(({ key, value, timestampUs }) => {
    if (value !== WALL_CLOCK) {
      const state = keys.getOrInsertComputed(joinKeyText(key!), () => ({ n: 0, due: new Set() }));
      state.n++;
      state.due.add(Math.max((value as { atUs: number }).atUs, now + 1));
      return [{ key, value: { wallClockUs: now }, timestampUs }];
    }
    now = Math.max(now, timestampUs);
    const due = [...keys].flatMap(([id, { due }]) => [...due].filter((at) => at <= now).map((at) => [at, id] as const));
    return due.map(([at, id]) => {
      const state = keys.get(id)!;
      state.due.delete(at);
      if (at % 3 === 0) state.due.add(now + 7);
      return { key: JSON.parse(`{"id":${id}}`), value: { n: state.n, wallClockUs: now }, timestampUs: at };
    }).sort((a, b) => a.timestampUs - b.timestampUs);
  });
}

Deno.test("StreamProcess makes the same calls by the wall clock, whatever crashes, as are made without it", () => {
  let disturbed = 0;
  eachSeed(200, (seed) => {
    const random = mulberry32(seed);
    let now = 0;
    const events = Array.from({ length: 60 }, (_, at): JoinedEvent => {
      now += Math.floor(random() * 5);
      if (at === 0) return clock(now);
      // Clocks of several instances: one may be behind.
      if (random() < 0.3) return clock(random() < 0.2 ? now - 6 : now);
      return event("abc"[Math.floor(random() * 3)], { atUs: now - 2 + Math.floor(random() * 20) });
    });
    const make = (ports: StatefulPorts) => new StreamProcess(TIMED, ports);
    if (judged({ events, make, wanted: computeTimed(events).map(byKey) }, random) > 1) disturbed++;
  });
  assert(disturbed > 100, `${disturbed} were disturbed`);
});
