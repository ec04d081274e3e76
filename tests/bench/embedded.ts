import { startEmbeddedClickHouse } from "../../src/adapters/embedded/clickhouse.ts";
import { openEmbeddedLog } from "../../src/adapters/embedded/log.ts";
import { fillLog, TABLES, topicOf } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import { gateOf } from "./gate.ts";
import { runForBench } from "./instance.ts";
import { watchUsage } from "./usage.ts";

/** One line of the table that a benchmark prints. */
export interface Measured {
  readonly name: string;
  readonly figures: Readonly<Record<string, string | number>>;
}

/** Sizes of the store whose changes are measured. */
export interface StoreSize {
  readonly orders: number;
  readonly changes: number;
}

/**
 * Embedded: source log to acknowledged ClickHouse rows. First everything from an empty ClickHouse (load), then a backlog of changes on
 * top of it (live), then a second start on the same data.
 */
export async function benchEmbedded(topology: Topology, size: StoreSize): Promise<Measured[]> {
  const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
  const log = openEmbeddedLog({ path: `${directory}/log.db` });
  const clickhouse = await startEmbeddedClickHouse({ path: `${directory}/clickhouse` });
  try {
    const held = holdingBack(log);
    await fillLog({ log: held.log, seed: 7, orders: size.orders, changes: size.changes, partitions: 6 });
    const loadRecords = await recordsOf(log, topology);
    const gate = gateOf(log);

    const loading = watchUsage(Deno.pid);
    let startMs = performance.now();
    const instance = await runForBench(topology, gate.log, clickhouse.url);
    await instance.started;
    await instance.caughtUp();
    const load = result("load from empty", loadRecords, { startMs, usage: loading, internal: instance.runner.producer.records });
    const stored = [...instance.runner.hosts.values()].reduce((sum, host) => sum + (host.task?.storedRows ?? 0), 0) +
      instance.runner.globalRows;

    gate.shut();
    await new Promise((resolve) => setTimeout(resolve, 400));
    for (const batches of held.take(topology)) await log.append(batches);
    const liveRecords = await recordsOf(log, topology) - loadRecords;
    const internalBefore = instance.runner.producer.records;
    const usage = watchUsage(Deno.pid);
    const childUsage = watchUsage(clickhouse.pid);
    startMs = performance.now();
    gate.open();
    await reached(instance.runner, log, topology);
    await instance.caughtUp();
    const internal = instance.runner.producer.records - internalBefore;
    const live = result("live backlog", liveRecords, { startMs, usage, internal, child: childUsage });
    await instance.stop();

    const again = watchUsage(Deno.pid);
    startMs = performance.now();
    const second = await runForBench(topology, log, clickhouse.url);
    await second.started;
    const restart = result("restart, nothing changed", stored, { startMs, usage: again, internal: second.runner.producer.records });
    await second.stop();
    return [load, live, restart];
  } finally {
    await clickhouse.close();
    await log.close();
    await Deno.remove(directory, { recursive: true });
  }
}

interface Run {
  readonly startMs: number;
  readonly usage: ReturnType<typeof watchUsage>;
  readonly internal: number;
  readonly child?: ReturnType<typeof watchUsage>;
}

function result(name: string, records: number, run: Run): Measured {
  const seconds = (performance.now() - run.startMs) / 1000;
  const { cpuSeconds, peakBytes } = run.usage.stop();
  const child = run.child?.stop();
  return {
    name,
    figures: {
      records,
      seconds: seconds.toFixed(2),
      "records/s": Math.round(records / seconds),
      "CPU s/M records": ((cpuSeconds / records) * 1e6).toFixed(1),
      ...(child === undefined ? {} : { "ClickHouse CPU s/M": ((child.cpuSeconds / records) * 1e6).toFixed(1) }),
      "peak MiB": Math.round(peakBytes / 1024 / 1024),
      "internal records/record": (run.internal / records).toFixed(4),
    },
  };
}

/** Source topics that a topology reads. */
export function topicsOf(topology: Topology): string[] {
  return [...new Set(topology.nodes.flatMap((node) => node.op === "source" ? [node.source.topic] : []))];
}

async function recordsOf(log: Log, topology: Topology): Promise<number> {
  let records = 0;
  for (const topic of topicsOf(topology)) records += (await log.offsets(topic)).end.reduce((sum, end) => sum + end, 0);
  return records;
}

async function reached(runner: Awaited<ReturnType<typeof runForBench>>["runner"], log: Log, topology: Topology): Promise<void> {
  for (const topic of topicsOf(topology)) {
    const { end } = await log.offsets(topic);
    for (const host of runner.hosts.values()) {
      const member = host.topics.indexOf(topic);
      if (member < 0) continue;
      while (host.positions[member] < end[host.partition]) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** A log that stores the snapshot (op r) at once and keeps the changes after it for later. */
function holdingBack(log: Log) {
  const kept: AppendBatch[][] = [];
  const snapshotOnly = (batch: AppendBatch) => batch.records.every((record) => String(record.value).includes('"op":"r"'));
  return {
    log: {
      ...log,
      topics: (names: readonly string[]) => log.topics(names),
      createTopic: (topic: Parameters<Log["createTopic"]>[0]) => log.createTopic(topic),
      append: (batches: readonly AppendBatch[]) => {
        if (kept.length === 0 && batches.every(snapshotOnly)) return log.append(batches);
        kept.push([...batches]);
        return Promise.resolve(batches.map(() => 0));
      },
    } as Log,
    *take(topology: Topology) {
      const wanted = new Set(topicsOf(topology));
      for (const batches of kept) yield batches.filter((batch) => wanted.has(batch.topic));
    },
  };
}

/** Names of all tables of the demo store's topics, for checks. */
export const STORE_TOPICS: readonly string[] = TABLES.map(topicOf);
