import { z } from "zod";
import { events, type Guarantee, topic, type Topology, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { benchRunner } from "./bench_runner.ts";
import type { KafkaPlace } from "./places.ts";
import { type Measured, percentile } from "./report.ts";
import { cpuSecondsOf } from "./usage.ts";

const PARTITIONS = 6;
const BATCH_EVENTS = 2_000;
/** Guarantees take turns, and the median of each counts. */
const ROUNDS = 3;
const RATE_PER_SECOND = 100;
const LATENCY_MS = 10_000;
const WARM_UP_MS = 2_000;
const GUARANTEES: readonly Guarantee[] = ["at_least_once", "exactly_once"];

/** Of one run. */
interface Figures {
  readonly perSecond: number;
  /** Microseconds of this process, and of the broker, for an event. */
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Events of a topic into another one, with each guarantee in turn: a backlog of so many, then a steady few, from the
 * append of an event to the record that a consumer of committed records is given. Both go through one process, one
 * broker, and the same code but for the transactions.
 */
export async function benchExactlyOnce(
  { log, brokerPid }: KafkaPlace,
  { events: count }: { readonly events: number },
): Promise<Measured[]> {
  const runs = new Map<Guarantee, Figures[]>(GUARANTEES.map((guarantee) => [guarantee, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const guarantee of GUARANTEES) {
      const name = `bench-${guarantee.replaceAll("_", "-")}-${round}`;
      runs.get(guarantee)!.push(await measure(log, { name, guarantee, count, brokerPid }));
    }
  }
  const [plain, once] = GUARANTEES.map((guarantee) => medians(runs.get(guarantee)!));
  const shown = ({ perSecond, cpuUs, brokerCpuUs, p50Ms, p99Ms }: Figures) => ({
    "events/s": Math.round(perSecond),
    "CPU us an event": cpuUs.toFixed(1),
    "broker CPU us an event": brokerCpuUs.toFixed(1),
    "p50 ms": p50Ms.toFixed(1),
    "p99 ms": p99Ms.toFixed(1),
  });
  return [
    { name: `kafka, ${count} events into a topic, at least once`, figures: shown(plain) },
    { name: `kafka, ${count} events into a topic, exactly once`, figures: shown(once) },
    {
      name: "exactly once beside at least once",
      figures: {
        "events/s": (once.perSecond / plain.perSecond).toFixed(2),
        "CPU": (once.cpuUs / plain.cpuUs).toFixed(2),
        "broker CPU": (once.brokerCpuUs / plain.brokerCpuUs).toFixed(2),
        "p50": (once.p50Ms / plain.p50Ms).toFixed(2),
        "p99": (once.p99Ms / plain.p99Ms).toFixed(2),
      },
    },
  ];
}

interface Measuring {
  readonly name: string;
  readonly guarantee: Guarantee;
  readonly count: number;
  readonly brokerPid: number;
}

async function measure(log: Log, { name, guarantee, count, brokerPid }: Measuring): Promise<Figures> {
  const [from, to] = [`${name}.events`, `${name}.told`];
  for (const topic of [from, to]) {
    await log.createTopic({ name: topic, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  }
  await load(log, { topic: from, count });
  const { runner, started } = start(log, { name, from, to, guarantee });
  await runner.start();
  await started;
  const [startMs, cpu, brokerCpu] = [performance.now(), cpuSecondsOf(Deno.pid), cpuSecondsOf(brokerPid)];
  while (!runner.knownUnfinished().done || !(await runner.unfinished()).done) await sleep(5);
  const seconds = (performance.now() - startMs) / 1_000;
  const used = cpuSecondsOf(Deno.pid) - cpu;
  const brokerUsed = cpuSecondsOf(brokerPid) - brokerCpu;
  const delaysMs = await delays(log, { from, to });
  await runner.stop(10_000);
  return {
    perSecond: count / seconds,
    cpuUs: (used / count) * 1e6,
    brokerCpuUs: (brokerUsed / count) * 1e6,
    p50Ms: percentile(delaysMs, 0.5),
    p99Ms: percentile(delaysMs, 0.99),
  };
}

function start(
  log: Log,
  { name, from, to, guarantee }: Pick<Measuring, "name" | "guarantee"> & { readonly from: string; readonly to: string },
): { readonly runner: Runner; readonly started: Promise<void> } {
  const app: Topology = topology(name, (builder) => {
    const row = z.object({ n: z.int(), atMs: z.number(), text: z.string() });
    builder.stream(events(from, { row })).filter(({ n }) => n >= 0).to(topic(to, { guarantee }));
  });
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const onEvent = ({ kind }: { readonly kind: string }) => kind === "started" && resolve();
  return { runner: benchRunner(app, { log, warehouse: createMemoryWarehouse() }, { onEvent }), started };
}

async function load(log: Log, { topic, count }: { readonly topic: string; readonly count: number }): Promise<void> {
  for (let n = 0, partition = 0; n < count; partition = (partition + 1) % PARTITIONS) {
    const length = Math.min(BATCH_EVENTS, count - n);
    const records = Array.from({ length }, () => eventAt(n++));
    await log.append([{ topic, partition, records }]);
  }
}

function eventAt(n: number) {
  const text = "an event of about two hundred bytes, as they mostly are, ".repeat(2);
  return { key: `k${n % 1_000}`, value: JSON.stringify({ n, atMs: performance.now(), text }) };
}

/** Milliseconds from the append of single events to their records. */
async function delays(
  log: Log,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<number[]> {
  const { end } = await log.offsets(to);
  const reader = log.reader();
  for (const [partition, offset] of end.entries()) reader.seek(to, partition, offset);
  const delaysMs: number[] = [];
  const beginMs = performance.now();
  const reading = (async () => {
    while (performance.now() - beginMs < LATENCY_MS + WARM_UP_MS) {
      for (const { records } of await reader.poll(100)) {
        const nowMs = performance.now();
        for (const { value } of records) {
          const { atMs } = JSON.parse(new TextDecoder().decode(value as Uint8Array)) as { readonly atMs: number };
          if (atMs - beginMs > WARM_UP_MS) delaysMs.push(nowMs - atMs);
        }
      }
    }
  })();
  for (let n = 0; performance.now() - beginMs < LATENCY_MS + WARM_UP_MS - 500; n++) {
    void log.append([{ topic: from, partition: n % PARTITIONS, records: [eventAt(n)] }]);
    await sleep(1_000 / RATE_PER_SECOND);
  }
  await reading;
  await reader.close();
  return delaysMs;
}

function medians(runs: readonly Figures[]): Figures {
  const median = (of: (figures: Figures) => number) => percentile(runs.map(of), 0.5);
  return {
    perSecond: median(({ perSecond }) => perSecond),
    cpuUs: median(({ cpuUs }) => cpuUs),
    brokerCpuUs: median(({ brokerCpuUs }) => brokerCpuUs),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
