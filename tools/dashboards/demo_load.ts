import { noSnapshots } from "../../src/ports/snapshots.ts";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { type FilledLog, fillLog, topicOf } from "../../src/demo/mod.ts";
import { reportOperators } from "../../src/cli/start/operator_metrics.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import type { Labels } from "../../src/ports/metrics.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { LimitError } from "../../src/record/errors.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import cartAbandonment from "../../topologies/cart_abandonment.ts";
import fraudSignals from "../../topologies/fraud_signals.ts";
import mirror from "../../topologies/mirror.ts";
import orderFunnel from "../../topologies/order_funnel.ts";
import productPerformance from "../../topologies/product_performance.ts";
import sales from "../../topologies/sales.ts";
import type { QueryContext } from "./expand.ts";
import type { Variable } from "./model.ts";

export interface DemoLoadOptions {
  readonly orders: number;
  /** Changes after the snapshot. */
  readonly changes: number;
  readonly seed?: number;
}

/** An event as its record has it. */
export type ShopRecord = Readonly<Record<string, unknown>> & { readonly at: string };

/** A ClickHouse that holds what the topologies made of a demo store. */
export interface DemoLoad {
  readonly warehouse: Warehouse;
  /** The same, as whoever only reads. */
  readonly reading: Warehouse;
  /** Range of time in which the store's orders were placed, in milliseconds since the epoch. */
  readonly range: { readonly fromMs: number; readonly toMs: number };
  /** The rows that PostgreSQL would hold. */
  readonly truth: FilledLog;
  /** What the shop's programs told, by topic, in the order of time. */
  readonly events: Readonly<Record<"clickstream" | "payments", readonly ShopRecord[]>>;
  /** Names of the metrics that were reported meanwhile, and `<name> <label>=<value>` of their labels. */
  readonly reported: ReadonlySet<string>;
  close(): Promise<void>;
}

const TOPOLOGIES: readonly Topology[] = [
  sales,
  productPerformance,
  orderFunnel,
  mirror,
  cartAbandonment,
];
const START_MS = Date.UTC(2026, 0, 1);
const WEEK_MS = 7 * 86_400_000;
const POLL_MS = 10;
const SLICE_MS = 5 * 60_000;

/**
 * Fills a log with a store's history, runs the flagship topologies over it until all is in ClickHouse, and ends them.
 */
export async function loadDemo({ orders, changes, seed = 11 }: DemoLoadOptions): Promise<DemoLoad> {
  const directory = await Deno.makeTempDir({ prefix: "weir-dashboards-" });
  const clickhouse = await startEmbeddedClickHouse({ path: `${directory}/clickhouse` });
  const log = openEmbeddedLog({ path: `${directory}/log.db` });
  const warehouse = openClickHouse({ url: clickhouse.url, database: "online_store" });
  const reading = openClickHouse({ url: clickhouse.readerUrl, database: "online_store" });
  const close = async () => {
    await reading.close();
    await warehouse.close();
    await clickhouse.close();
    await log.close();
    await Deno.remove(directory, { recursive: true });
  };
  const reported = new Set<string>();
  try {
    const sizes = { users: Math.ceil(orders / 5), sellers: 24, products: 240, orders };
    const held = holdingChanges(log);
    const truth = await fillLog({
      log: held.log,
      seed,
      ...sizes,
      changes,
      partitions: 2,
      startMs: START_MS,
      events: true,
    });
    const told = held.events();
    const stage = { log, warehouse, reported };
    const [first, ...others] = TOPOLOGIES;
    // The first lives through the changes, the others find them. What tells of new events alone lives through these.
    await runToEnd(first, stage, held.release);
    await runToEnd(fraudSignals, stage, (rest) => held.releaseEvents(rest));
    for (const topology of others) await runToEnd(topology, stage);
    // The changes happen at the last instant, as the store's clock stands still.
    const range = { fromMs: START_MS - WEEK_MS, toMs: START_MS + 3_600_000 };
    return { warehouse, reading, range, truth, events: shopEvents(told), reported, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Stage {
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly reported: Set<string>;
}

function shopEvents(batches: readonly AppendBatch[]): DemoLoad["events"] {
  const of = (feed: "clickstream" | "payments") =>
    batches.filter(({ topic }) => topic === topicOf(feed))
      .flatMap(({ records }) => records.map(({ value }): ShopRecord => JSON.parse(String(value))))
      .sort((a, b) => a.at < b.at ? -1 : 1);
  return { clickstream: of("clickstream"), payments: of("payments") };
}

/** A log that stores a snapshot's records at once, and those of changes and events when they are released. */
function holdingChanges(log: Log): {
  readonly log: Log;
  /** Batches of events that were not released yet. */
  events(): readonly AppendBatch[];
  release(): Promise<void>;
  /** In the order of their times, as they came into being: those of five minutes, then whatever is done meanwhile. */
  releaseEvents(meanwhile: () => Promise<void>): Promise<void>;
} {
  const held: AppendBatch[][] = [];
  const events: AppendBatch[] = [];
  const isEvent = ({ topic }: AppendBatch) => !topic.includes(".public.");
  const isSnapshot = ({ records }: AppendBatch) => records.every(({ value }) => String(value).includes('"op":"r"'));
  return {
    log: {
      ...log,
      append(batches) {
        if (held.length === 0 && batches.every(isSnapshot)) return log.append(batches);
        events.push(...batches.filter(isEvent));
        held.push(batches.filter((batch) => !isEvent(batch)));
        return Promise.resolve(batches.map(() => 0));
      },
    },
    events: () => [...events],
    async release() {
      for (const batches of held.splice(0)) await log.append(batches);
    },
    async releaseEvents(meanwhile) {
      const single = events.splice(0).flatMap(({ records, ...place }) =>
        records.map((record) => ({ ...place, records: [record] }))
      );
      const slices = Map.groupBy(single, ({ records: [{ timestampMs }] }) => Math.floor(timestampMs! / SLICE_MS));
      for (const [, slice] of [...slices].sort(([a], [b]) => a - b)) {
        await log.append(slice);
        await meanwhile();
      }
    },
  };
}

/** Runs a topology; once it has started does `then`, and ends it when all of that is in ClickHouse too. */
async function runToEnd(
  topology: Topology,
  { log, warehouse, reported }: Stage,
  then: (resting: () => Promise<void>) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const note = (name: string, labels: Labels) => {
    reported.add(name);
    for (const [label, value] of Object.entries(labels)) reported.add(`${name} ${label}=${value}`);
  };
  let begun = () => {};
  const started = new Promise<void>((resolve) => begun = resolve);
  const ports = {
    log,
    warehouse,
    clock: systemClock,
    random: { next: Math.random },
    metrics: { count: note, gauge: note, observe: note },
    snapshots: noSnapshots,
    deadLetters: {
      // A demo has none: one would leave a row out of what panels are compared with.
      put: ({ length }: readonly unknown[]) => Promise.reject(new LimitError("deadLetters", `${length} dead letters`)),
      resolve: () => Promise.resolve(),
      open: () => Promise.resolve([]),
      about: () => Promise.resolve([]),
    },
  };
  const runner = new Runner(topology, ports, {
    options: { ...defaultRunOptions, flushIntervalMs: 20, repairAfterMs: 1e9 },
    onEvent: (event) => event.kind === "started" && begun(),
  });
  const resting = () => rest(runner, reported);
  const failed = runner.failed.then((error) => Promise.reject(error));
  // It may fail after the race below has been decided.
  failed.catch(() => {});
  try {
    await runner.start();
    await Promise.race([failed, started.then(() => then(resting)).then(resting)]);
    // As whenever metrics are read.
    reportOperators(runner, ports.metrics);
  } finally {
    await runner.stop();
  }
}

/**
 * Resolves when everything in the log is in ClickHouse, and gauges, which are reported once a second, were reported.
 */
async function rest(runner: Runner, reported: ReadonlySet<string>): Promise<void> {
  while (!reported.has("weir_source_lag_seconds") || !(await runner.unfinished()).done) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * What a query of a dashboard is asked for in this load: everything, with the options that the variables' own queries
 * give.
 */
export async function contextOf(
  load: DemoLoad,
  variables: readonly Variable[],
  { intervalMs }: { readonly intervalMs: number },
): Promise<QueryContext> {
  const context = { ...load.range, intervalMs };
  const choices: [string, { value: "all"; options: string[] }][] = [];
  for (const { name, query } of variables) {
    const rows = await load.warehouse.query(query);
    choices.push([name, { value: "all", options: rows.map((row) => String(Object.values(row)[0])) }]);
  }
  return { ...context, variables: Object.fromEntries(choices) };
}
