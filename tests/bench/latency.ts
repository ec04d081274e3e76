import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { type DemoStore, openDemoStore } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import { runForBench } from "./instance.ts";
import type { Place } from "./places.ts";
import { type Measured, percentile } from "./report.ts";

const SECONDS = 15;
/** Changes one by one, with time between them; then rates at which rows gather. */
const RATES = [5, 500, 2_000];

/**
 * Log append to acknowledged (visible) row at several steady rates: for each insert, the age of the first source record
 * behind it, which is the slowest of that insert.
 */
export async function benchLatency(name: string, place: Place & { readonly topology: Topology }): Promise<Measured[]> {
  const { topology, log, clickhouseUrl, directory } = place;
  const store = openDemoStore({ path: `${directory}/store.db`, log, seed: 3, clock: systemClock });
  await store.createTopics();
  await store.snapshot(() => {});
  const delaysMs: number[] = [];
  const instance = await runForBench(topology, {
    log,
    url: clickhouseUrl,
    observe: (metric, value) => metric === "weir_visible_delay_seconds" && delaysMs.push(value * 1000),
  });
  await instance.started;
  const measured: Measured[] = [];
  for (const ratePerSecond of RATES) measured.push(await atRate(name, { store, delaysMs, ratePerSecond }));
  await instance.stop();
  store.close();
  return measured;
}

async function atRate(name: string, { store, delaysMs, ratePerSecond }: Steady): Promise<Measured> {
  const stopping = new AbortController();
  const running = store.run({ ratePerSecond, signal: stopping.signal });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  delaysMs.length = 0;
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const measured = [...delaysMs];
  stopping.abort();
  await running;
  return {
    name: `${name}: ${ratePerSecond} changes/s, log append to visible row`,
    figures: {
      "inserts/s": (measured.length / SECONDS).toFixed(1),
      "p50 ms": Math.round(percentile(measured, 0.5)),
      "p99 ms": Math.round(percentile(measured, 0.99)),
    },
  };
}

interface Steady {
  readonly store: DemoStore;
  /** Filled while it runs. */
  readonly delaysMs: number[];
  readonly ratePerSecond: number;
}
