/**
 * Hours of steady work: whether memory and files grow. Arguments: seconds and changes a second. All topologies of
 * `topologies/` run in one process on an embedded log and ClickHouse, with snapshots, metrics and the upkeep of the log
 * as `start` has them; the demo store has as many rows at the end as at the beginning. Prints one JSON line at the end,
 * and a line for each look on stderr. A process of its own (`--expose-gc`): what is alive can only be told of a heap
 * that was just collected.
 */
import { setTimeout as quiet } from "node:timers/promises";
import { openLocalSnapshots } from "../../src/adapters/local/snapshots.ts";
import type { EmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { createPrometheusMetrics } from "../../src/cli/prometheus.ts";
import { openDemoStore } from "../../src/demo/mod.ts";
import { BusyTables } from "../../src/runtime/busy_tables.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import mirror from "../../topologies/mirror.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";
import { watchHolds } from "./hold_watch.ts";
import { type BenchInstance, runForBench } from "./instance.ts";
import { onEmbedded, type Place } from "./places.ts";
import { cpuSecondsOf, residentBytesOf } from "./usage.ts";

const MIB = 2 ** 20;
const LOOKS = 24;
/** Of the looks: then caches are full, code is compiled, small tables and files are as large as they get. */
const WARM_UP_SHARE = 1 / 4;
const ORDERS = 20_000;
/** Small tables are full after a few minutes. */
const SIZES = { users: 500, sellers: 50, products: 500, orders: ORDERS };
/** Tombstones stay for a day otherwise, so that the log grows for as long. */
const DELETE_RETENTION_MS = 300_000;
const TOPOLOGIES = [sales, productPerformance, orderFunnel, mirror];

/** What was alive, and what lay on the disk, at one moment. Bytes. */
interface Look {
  readonly seconds: number;
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
  readonly rows: number;
  readonly log: number;
  readonly snapshots: number;
  readonly clickhouse: number;
}

const collect = (globalThis as unknown as { gc: () => void }).gc;

async function soak(
  place: Place & { readonly log: EmbeddedLog },
  { seconds, ratePerSecond }: { seconds: number; ratePerSecond: number },
) {
  const { log, clickhouseUrl: url, directory } = place;
  const store = openDemoStore({
    path: `${directory}/store.db`,
    log,
    seed: 5,
    clock: systemClock,
    sizes: SIZES,
    ordersMax: ORDERS,
  });
  await store.createTopics();
  await store.snapshot();
  log.maintain();
  const watch = watchHolds("start");
  const shared = {
    log,
    url,
    ports: {
      snapshots: openLocalSnapshots(`${directory}/snapshots`),
      metrics: createPrometheusMetrics(),
      busyTables: new BusyTables(systemClock),
    },
    options: { repairAfterMs: defaultRunOptions.repairAfterMs },
  };
  const instances = [];
  for (const topology of TOPOLOGIES) instances.push(await runForBench(topology, shared));
  await Promise.all(instances.map(({ started }) => started));
  const stopping = new AbortController();
  const running = store.run({ ratePerSecond, signal: stopping.signal });
  const cpuBefore = cpuSecondsOf(Deno.pid);
  const startMs = performance.now();
  const looks: Look[] = [];
  for (let look = 1; look <= LOOKS; look++) {
    watch.phase("work");
    await quiet(startMs + look * seconds / LOOKS * 1_000 - performance.now());
    watch.phase("look");
    looks.push({ seconds: (performance.now() - startMs) / 1_000, ...await lookAt(directory, instances) });
    console.error(lookText(looks.at(-1)!));
  }
  const cpuSeconds = cpuSecondsOf(Deno.pid) - cpuBefore;
  stopping.abort();
  await running;
  const changes = store.changesWritten();
  watch.phase("stop");
  for (const instance of instances) await instance.stop();
  store.close();
  const work = watch.stop().find(({ name }) => name === "work")!;
  const steady = looks.slice(Math.floor(LOOKS * WARM_UP_SHARE));
  const hourly = (valueOf: (look: Look) => number) => `${(growthAnHour(steady, valueOf) / MIB).toFixed(2)} MiB`;
  return {
    "changes": changes,
    "changes a second": (changes / looks.at(-1)!.seconds).toFixed(0),
    "CPU s per million changes (store included)": (cpuSeconds / changes * 1e6).toFixed(1),
    "stored rows, first and last look": `${steady[0].rows}, ${steady.at(-1)!.rows}`,
    "alive at the end": `${((steady.at(-1)!.heap + steady.at(-1)!.external) / MIB).toFixed(1)} MiB`,
    "growth an hour: heap and external": hourly(({ heap, external }) => heap + external),
    "growth an hour: resident": hourly(({ resident }) => resident),
    "growth an hour: log": hourly((look) => look.log),
    "growth an hour: snapshots": hourly((look) => look.snapshots),
    "growth an hour: ClickHouse's files": hourly((look) => look.clickhouse),
    "longest hold of the loop": `${work.cpuMs.toFixed(0)} ms of processor time (${
      work.wallMs.toFixed(0)
    } by the clock)`,
  };
}

async function lookAt(directory: string, instances: readonly BenchInstance[]): Promise<Omit<Look, "seconds">> {
  for (let time = 0; time < 2; time++) {
    collect();
    await quiet(0);
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return {
    heap: heapUsed,
    external,
    resident: residentBytesOf(Deno.pid),
    rows: instances.reduce((sum, { runner }) => sum + runner.status().storedRows, 0),
    log: await fileBytes(directory, "log.db"),
    snapshots: await fileBytes(directory, "snapshots"),
    clickhouse: await fileBytes(directory, "clickhouse"),
  };
}

/** Of all files whose path in `directory` begins so. A file may go while it is looked at. */
async function fileBytes(directory: string, prefix: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (!name.startsWith(prefix)) continue;
    const path = `${directory}/${name}`;
    try {
      bytes += isDirectory ? await fileBytes(path, "") : (await Deno.stat(path)).size;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return bytes;
}

/** By the straight line that fits best, a second's growth times 3,600. */
function growthAnHour(looks: readonly Look[], valueOf: (look: Look) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(looks.map(({ seconds }) => seconds));
  const meanY = mean(looks.map(valueOf));
  const over = looks.reduce((sum, look) => sum + (look.seconds - meanX) * (valueOf(look) - meanY), 0);
  return over / looks.reduce((sum, { seconds }) => sum + (seconds - meanX) ** 2, 0) * 3_600;
}

function lookText({ seconds, rows, ...bytes }: Look): string {
  const parts = Object.entries(bytes).map(([name, value]) => `${name} ${(value / MIB).toFixed(1)}`);
  return `${seconds.toFixed(0)} s: ${rows} rows; MiB: ${parts.join(", ")}`;
}

const [seconds, ratePerSecond] = Deno.args.map(Number);
const limits = { deleteRetentionMs: DELETE_RETENTION_MS };
console.log(JSON.stringify(await onEmbedded((place) => soak(place, { seconds, ratePerSecond }), { limits })));
Deno.exit(0);
