import { clickhouseAppend, type KStream, sessionStore, store, windowStore } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";

const woken = clickhouseAppend("woken", {
  columns: { n: "Int64", call: "Int64", early: "UInt8" },
  orderBy: ["n", "call"],
});

const kept = clickhouseAppend("kept", {
  columns: { rest: "Int64", windows: "Int64", session: "Int64" },
  orderBy: ["rest", "windows"],
});

const RESTS = 4;
const AFTER_US = 2_000_000;
const AGAIN_US = 700_000;
/** So many calls are made for one of so many events. */
const CALLS_MAX = 3;

/** What time it is, whatever the log says. */
export let nowUs: () => number = () => NaN;

/** Told what time it is in the simulated world. */
export function setWokenClock(clock: () => number): void {
  nowUs = clock;
}

/** How many calls are made for an event. */
function callsOf(n: number): number {
  return n % CALLS_MAX + 1;
}

/** A processor that is called by the wall clock: for each event once, or a few times, one after the other. */
export function declareWoken<K>(clicks: KStream<K, { readonly n: number }>): void {
  clicks.process("woken_by_clock", {
    on: ({ n }) => ({ n }),
    stores: { calls: store<number>() },
    process: (_, { scheduleWallClock, wallClockUs }) => {
      scheduleWallClock(wallClockUs + AFTER_US);
      return [] as { n: number; call: number; early: number }[];
    },
    punctuateWallClock: ({ key: { n }, stores: { calls }, scheduleWallClock, timestampUs, wallClockUs }) => {
      const call = (calls.get("n") ?? 0) + 1;
      calls.put("n", call);
      if (call < callsOf(n)) scheduleWallClock(wallClockUs + AGAIN_US);
      return [{ n, call, early: timestampUs > wallClockUs || timestampUs > nowUs() ? 1 : 0 }];
    },
  }).to(woken);
}

/**
 * A processor with a store of times, which has one for each event of its key, and a store of sessions, which has one
 * that grows with each of them.
 */
export function declareKept<K>(clicks: KStream<K, { readonly n: number }>): void {
  const retention = { days: 36_500 };
  clicks.process("kept_by_time", {
    on: ({ n }) => ({ rest: n % RESTS }),
    stores: { windows: windowStore<number>({ retention }), sessions: sessionStore<number>({ retention }) },
    process: ({ n }, { key: { rest }, stores: { windows, sessions }, timestampUs }) => {
      // The simulated clock has fractions of milliseconds.
      const atUs = Math.floor(timestampUs);
      windows.put(atUs + n, n);
      let [startUs, endUs, count] = [atUs, atUs, 1];
      for (const [session, counted] of sessions.fetch()) {
        sessions.remove(session);
        [startUs, endUs] = [Math.min(startUs, session.startUs), Math.max(endUs, session.endUs)];
        count += counted;
      }
      sessions.put({ startUs, endUs }, count);
      return [{ rest, windows: windows.fetch(-Infinity, Infinity).length, session: count }];
    },
  }).to(kept);
}

/** What both must make of events, and what they did. */
export function processed(
  written: Iterable<number>,
  memory: Pick<MemoryWarehouse, "appendedRows">,
): { readonly wanted: string[]; readonly made: string[] } {
  const counts = new Map<number, number>();
  const wanted: string[] = [];
  for (const n of written) {
    const count = (counts.get(n % RESTS) ?? 0) + 1;
    counts.set(n % RESTS, count);
    wanted.push(`kept ${n % RESTS}: ${count} ${count}`);
    for (let call = 1; call <= callsOf(n); call++) wanted.push(`woken ${n}: call ${call}`);
  }
  return {
    wanted,
    made: [
      ...memory.appendedRows(kept.spec.name).map(({ rest, windows, session }) => `kept ${rest}: ${windows} ${session}`),
      ...memory.appendedRows(woken.spec.name).map(({ n, call, early }) =>
        `woken ${n}: call ${call}${Number(early) === 1 ? ", too early" : ""}`
      ),
    ],
  };
}
