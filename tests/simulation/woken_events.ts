import { clickhouseAppend, type KStream, store } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";

const woken = clickhouseAppend("woken", {
  columns: { n: "Int64", call: "Int64", early: "UInt8" },
  orderBy: ["n", "call"],
});

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

/** The calls that must be made for events, and those that were. */
export function wokenCalls(
  written: Iterable<number>,
  memory: Pick<MemoryWarehouse, "appendedRows">,
): { readonly wanted: string[]; readonly made: string[] } {
  return {
    wanted: [...written].flatMap((n) =>
      Array.from({ length: callsOf(n) }, (_, call) => `woken ${n}: call ${call + 1}`)
    ),
    made: memory.appendedRows(woken.spec.name).map(({ n, call, early }) =>
      `woken ${n}: call ${call}${Number(early) === 1 ? ", too early" : ""}`
    ),
  };
}
