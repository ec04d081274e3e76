/**
 * Many topologies of many tasks in one process: how long until all of them run, how long until one more does, and what
 * they cost while nothing happens. Arguments: topologies, partitions, rows (those of the global table may be others:
 * `1000/200000`), and a broker's address, without which the log is embedded and in memory. The warehouse is a map: what
 * is measured is Weir and, by its requests, the log. Prints one JSON line.
 */
import { setTimeout as quiet } from "node:timers/promises";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { createPrometheusMetrics } from "../../src/cli/prometheus.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { readerWith } from "../reader_with.ts";
import { benchRunner } from "./bench_runner.ts";
import { createDigestWarehouse } from "./digest_warehouse.ts";
import { type ManySize, type ManyTopologies, manyTopologies } from "./many_topologies.ts";
import { percentile } from "./report.ts";
import { cpuSecondsOf, residentBytesOf } from "./usage.ts";

const REST_MS = 20_000;
const CHANGES = 100;
const LOOK_MS = 20;

interface Instance {
  readonly log: Log;
  readonly runners: readonly Runner[];
}

/** Requests to the log since it was asked last, by kind. */
class Requests {
  #counts = new Map<string, number>();

  count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  take(): Map<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }
}

async function measure({ topologies, ...size }: ManySize, broker: string | undefined) {
  const requests = new Requests();
  const all = manyTopologies(`many${Date.now()}`, { ...size, topologies: topologies + 1 });
  const many = { ...all, topologies: all.topologies.slice(1) };
  const open = (): Log =>
    broker === undefined
      ? counted(openEmbeddedLog({ path: ":memory:" }), requests)
      : openKafka({ brokers: [broker], clientId: "bench", onRequest: (kind) => requests.count(kind) });
  const first = open();
  await many.fill(first);
  const before = { cpu: cpuSecondsOf(Deno.pid), bytes: residentBytesOf(Deno.pid), ms: performance.now() };
  const warehouse = createDigestWarehouse(systemClock);
  const instance = await start(many, { log: first, warehouse });
  const figures: Record<string, string> = {
    "topologies x partitions": `${topologies} x ${size.partitions}`,
    "rows in the warehouse": String(warehouse.rows()),
    "s until all tasks run": ((performance.now() - before.ms) / 1000).toFixed(2),
    "CPU s until then": (cpuSecondsOf(Deno.pid) - before.cpu).toFixed(2),
  };
  await quiet(3_000);
  requests.take();
  const rest = { cpu: cpuSecondsOf(Deno.pid), ms: performance.now() };
  await quiet(REST_MS);
  const seconds = (performance.now() - rest.ms) / 1000;
  figures["CPU s per minute at rest"] = ((cpuSecondsOf(Deno.pid) - rest.cpu) * 60 / seconds).toFixed(2);
  figures["MiB that it takes"] = ((residentBytesOf(Deno.pid) - before.bytes) / 2 ** 20).toFixed(0);
  for (const [kind, count] of requests.take()) figures[`${kind} per s at rest`] = (count / seconds).toFixed(1);
  const oneMoreMs = performance.now();
  await start({ ...many, topologies: all.topologies.slice(0, 1) }, { log: first, warehouse });
  figures["s until one more topology runs"] = ((performance.now() - oneMoreMs) / 1000).toFixed(2);
  const latencies = await changes(all, instance, () => warehouse.rowsWritten());
  figures["ms from a change to all tables, p50 / p99"] = [0.5, 0.99].map((share) =>
    percentile(latencies, share).toFixed(0)
  )
    .join(" / ");
  const joinMs = performance.now();
  const second = await start(many, {
    log: broker === undefined ? first : open(),
    warehouse,
    others: instance.runners,
  });
  figures["s of a rebalance (a second instance comes)"] = ((performance.now() - joinMs) / 1000).toFixed(2);
  figures["tasks of the second instance"] = String(
    second.runners.reduce((sum, runner) => sum + runner.status().tasks.length, 0),
  );
  return figures;
}

/** Starts all topologies at once, and resolves when every task of them and of `others` runs. */
async function start(
  { topologies }: ManyTopologies,
  { log, warehouse, others = [] }: {
    readonly log: Log;
    readonly warehouse: ReturnType<typeof createDigestWarehouse>;
    readonly others?: readonly Runner[];
  },
): Promise<Instance> {
  const ports = { log, warehouse, metrics: createPrometheusMetrics() };
  const runners = topologies.map((topology) => benchRunner(topology, ports));
  await Promise.all(runners.map((runner) => runner.start()));
  const all = [...others, ...runners];
  // Whoever loses tasks hears of it in a later turn than whoever gets them.
  do await quiet(LOOK_MS); while (
    !all.every((runner) => runner.ready && runner.status().tasks.length > 0 && runner.knownUnfinished().done)
  );
  return { log, runners };
}

/** Changes that come one at a time: how long until every topology has written each. */
async function changes(many: ManyTopologies, { log }: Instance, written: () => number): Promise<number[]> {
  const latencies: number[] = [];
  for (let id = 1; id <= CHANGES; id++) {
    const before = written();
    const startMs = performance.now();
    await many.change(log, id);
    while (written() < before + many.topologies.length) await quiet(1);
    latencies.push(performance.now() - startMs);
  }
  return latencies;
}

/** The log, every call of which counts as a request. */
function counted(log: Log, requests: Requests): Log {
  return {
    ...log,
    topics: (names) => (requests.count("topics"), log.topics(names)),
    offsets: (topic) => (requests.count("offsets"), log.offsets(topic)),
    append: (batches) => (requests.count("append"), log.append(batches)),
    reader() {
      const reader = log.reader();
      return readerWith(reader, { poll: (waitMs) => (requests.count("poll"), reader.poll(waitMs)) });
    },
    async join(options) {
      const membership = await log.join(options);
      return { ...membership, commit: (positions) => (requests.count("commit"), membership.commit(positions)) };
    },
  };
}

const [topologies, partitions, sizes, broker] = Deno.args;
const [rows, globalRows = rows] = sizes.split("/").map(Number);
const size = { topologies: Number(topologies), partitions: Number(partitions), rows, globalRows };
console.log(JSON.stringify(await measure(size, broker)));
Deno.exit(0);
