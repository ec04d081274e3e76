import { fillLog } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { gateOf } from "./gate.ts";
import { runForBench } from "./instance.ts";
import { begin, finish, type Measured } from "./report.ts";

/** Sizes of the store whose changes are measured. */
export interface StoreSize {
  readonly orders: number;
  readonly changes: number;
}

/**
 * Source log to acknowledged ClickHouse rows: everything from an empty ClickHouse (load), a backlog of changes on top of it (live), then a
 * second start on the same data, to the moment in which every task runs (restart).
 */
export async function benchThroughput(
  name: string,
  place: { readonly topology: Topology; readonly log: Log; readonly clickhouseUrl: string },
  size: StoreSize,
): Promise<Measured[]> {
  const { topology, log, clickhouseUrl } = place;
  const held = holdingBack(log);
  await fillLog({ log: held.log, seed: 7, orders: size.orders, ordersMax: size.orders * 2, changes: size.changes });
  const loaded = await recordsOf(log, topology);
  const gate = gateOf(log);

  let run = begin();
  const first = await runForBench(topology, gate.log, clickhouseUrl);
  await first.started;
  await first.caughtUp();
  const load = finish(`${name}: load from empty`, run, { records: loaded, internal: first.runner.producer.records });
  const stored = storedRows(first.runner);

  gate.shut();
  // A fetch under way when the gate shuts still delivers what was there before.
  await new Promise((resolve) => setTimeout(resolve, 600));
  for (const batches of held.take(topology)) await log.append(batches);
  const records = await recordsOf(log, topology) - loaded;
  const before = first.runner.producer.records;
  run = begin();
  gate.open();
  await reached(first.runner, log, topology);
  await first.caughtUp();
  const live = finish(`${name}: backlog of changes`, run, {
    records,
    internal: first.runner.producer.records - before,
  });
  await first.stop();

  run = begin();
  const second = await runForBench(topology, log, clickhouseUrl);
  await second.started;
  const restart = finish(`${name}: restart, nothing changed`, run, {
    records: stored,
    internal: second.runner.producer.records,
  });
  const seconds = ((performance.now() - run.startMs) / 1000).toFixed(1);
  await second.stop();
  return [load, live, { name: restart.name, figures: { "stored rows": stored, "seconds until all runs": seconds } }];
}

/** Source topics that a topology reads. */
export function topicsOf(topology: Topology): string[] {
  return [...new Set(topology.nodes.flatMap((node) => node.op === "source" ? [node.source.topic] : []))];
}

function storedRows(runner: Runner): number {
  return [...runner.hosts.values()].reduce((sum, host) => sum + (host.task?.storedRows ?? 0), runner.globalRows);
}

async function recordsOf(log: Log, topology: Topology): Promise<number> {
  let records = 0;
  for (const topic of topicsOf(topology)) records += (await log.offsets(topic)).end.reduce((sum, end) => sum + end, 0);
  return records;
}

/** Resolves when every partition of the topology's tables has been read to its end as of now. */
async function reached(runner: Runner, log: Log, topology: Topology): Promise<void> {
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
  const isSnapshot = (batch: AppendBatch) => batch.records.every((record) => String(record.value).includes('"op":"r"'));
  return {
    log: {
      ...log,
      topics: (names: readonly string[]) => log.topics(names),
      createTopic: (topic: Parameters<Log["createTopic"]>[0]) => log.createTopic(topic),
      offsets: (topic: string) => log.offsets(topic),
      append: (batches: readonly AppendBatch[]) => {
        if (kept.length === 0 && batches.every(isSnapshot)) return log.append(batches);
        kept.push([...batches]);
        return Promise.resolve(batches.map(() => 0));
      },
    } as Log,
    *take(topology: Topology) {
      const wanted = new Set(topicsOf(topology));
      for (const batches of kept.splice(0)) yield batches.filter((batch) => wanted.has(batch.topic));
    },
  };
}
