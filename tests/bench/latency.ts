import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { openDemoStore } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { runForBench } from "./instance.ts";
import { type Measured, percentile } from "./report.ts";

const SECONDS = 15;

/**
 * Log append to acknowledged (visible) row at a steady rate: for each insert, the age of the first source record behind
 * it, which is the slowest of that insert.
 */
export async function benchLatency(
  name: string,
  place: { readonly topology: Topology; readonly log: Log; readonly clickhouseUrl: string; readonly directory: string },
  ratePerSecond: number,
): Promise<Measured> {
  const { topology, log, clickhouseUrl, directory } = place;
  const store = openDemoStore({ path: `${directory}/store.db`, log, seed: 3, clock: systemClock });
  await store.createTopics();
  await store.snapshot(() => {});
  const delaysMs: number[] = [];
  const instance = await runForBench(topology, log, clickhouseUrl, (metric, value) => {
    if (metric === "weir_visible_delay_seconds") delaysMs.push(value * 1000);
  });
  await instance.started;
  const stopping = new AbortController();
  const running = store.run({ ratePerSecond, signal: stopping.signal });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  delaysMs.length = 0;
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const measured = [...delaysMs];
  stopping.abort();
  await running;
  await instance.stop();
  store.close();
  return {
    name: `${name}: ${ratePerSecond} changes/s, log append to visible row`,
    figures: {
      inserts: measured.length,
      "p50 ms": Math.round(percentile(measured, 0.5)),
      "p99 ms": Math.round(percentile(measured, 0.99)),
    },
  };
}
