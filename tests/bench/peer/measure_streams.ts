import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import type { Log } from "../../../src/ports/log.ts";
import { cpuSecondsOf } from "../usage.ts";
import { measureProcess, seenWhile } from "./measured_process.ts";
import type { PeerJava } from "./peer_app.ts";
import { startPeer } from "./peer_process.ts";
import { followPeer } from "./peer_progress.ts";
import { COUNT_GRACE_MS, COUNT_WINDOW_MS, JOIN_GRACE_MS, JOIN_WITHIN_MS, orders, payments } from "./streams_events.ts";
import type { LoadedEvents } from "./streams_load.ts";
import type { StreamsVariant } from "./streams_oracle.ts";
import { startWeir } from "./weir_app.ts";

/** Where is measured, and on what. */
export interface StreamsMeasurement {
  readonly log: Log;
  readonly loaded: LoadedEvents;
  readonly broker: string;
  readonly brokerPid: number;
  readonly variant: StreamsVariant;
  readonly directory: string;
}

/** What was measured of one application: from nothing, and of a start behind a `kill -9` at rest. */
export interface StreamsFigures {
  /** Source records. */
  readonly records: number;
  /** From the command to the last result of all that was there. */
  readonly seconds: number;
  /** Of the application's process alone, some seconds of rest included. */
  readonly cpuSeconds: number;
  readonly brokerCpuSeconds: number;
  readonly peakBytes: number;
  /** From the command until all tasks run. */
  readonly restartSeconds: number;
  /** From the command until the results of two events are there that came while nothing ran. */
  readonly firstResultSeconds: number;
  /** Until both. */
  readonly restartCpuSeconds: number;
  readonly restartPeakBytes: number;
}

/** An application as it is measured. */
interface MeasuredApp {
  readonly pid: number;
  readonly ended: boolean;
  /** `performance.now()` at which every task ran; null before. */
  readonly runningMs: number | null;
  kill(): Promise<void>;
}

/** The default of Kafka Streams: only the last of many updates of a window is told, as Weir does it, too. */
const CACHE_BYTES = 10 * 2 ** 20;
/** A store of windows in memory has a place for each time, and a join looks through all of them: RocksDB is faster. */
const STORES: Readonly<Record<StreamsVariant, "memory" | "rocksdb">> = { count: "memory", join: "rocksdb" };
const PARTITIONS = 6;
const LOOK_EVERY_MS = 200;
const RESTART_LOOK_EVERY_MS = 50;
const POLL_MS = 20;
/** As long as nothing new may come at the end; Kafka Streams commits meanwhile, and Weir deletes what it has read. */
const REST_MS = 3_000;
/** If Weir shows nothing more for so long, its results are what they are: the comparison tells what is missing. */
const STALLED_MS = 120_000;

/** Kafka Streams; `output`: the topic that it writes. */
export async function measurePeerStreams(
  { output, java, ...options }: StreamsMeasurement & { readonly output: string; readonly java: PeerJava },
): Promise<StreamsFigures> {
  const { log, variant, broker } = options;
  const sizes = variant === "count" ? [COUNT_WINDOW_MS, COUNT_GRACE_MS] : [JOIN_WITHIN_MS, JOIN_GRACE_MS];
  const args = [
    ...["--window-ms", String(sizes[0]), "--grace-ms", String(sizes[1])],
    ...["--cache", String(CACHE_BYTES), "--store", STORES[variant]],
  ];
  const app = { ...options, java, program: "StreamsPeer", application: `bench-streams-${variant}`, output, args };
  await log.createTopic({ name: output, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  const progress = await followPeer(log, { broker, application: app.application, output, sources: sourcesOf(variant) });
  try {
    return await measured(options, {
      start: () => startPeer(app),
      caughtUp: () => progress.caughtUp(),
      watchFor: (customer) => outputWatch(log, { topic: output, customer }),
    });
  } finally {
    await progress.close();
  }
}

/** Weir; `total`: what the count's counts come to, or how many pairs there are. */
export async function measureWeirStreams(
  { total, clickhouseUrl, ...options }: StreamsMeasurement & {
    readonly total: number;
    readonly clickhouseUrl: string;
  },
): Promise<StreamsFigures> {
  const { variant } = options;
  const topology = `streams_${variant}`;
  const connection = connect({ url: clickhouseUrl, database: "default" }, "default");
  const ask = async (what: string) => {
    const exists = await connection.select("look for the table", `EXISTS ${topology}`);
    if (Number(exists[0].result) === 0) return 0;
    return Number((await connection.select("look at results", `SELECT ${what} AS total FROM ${topology}`))[0].total);
  };
  let [shown, changedMs] = [0, performance.now()];
  try {
    return await measured(options, {
      start() {
        const app = startWeir({ ...options, clickhouseUrl, topology, directory: `${options.directory}/weir` });
        return {
          pid: app.pid,
          kill: app.kill,
          get ended() {
            return app.ended;
          },
          get runningMs() {
            return app.startedMs;
          },
        };
      },
      async caughtUp() {
        const now = await ask(variant === "count" ? "sum(count)" : "count()");
        if (now !== shown) [shown, changedMs] = [now, performance.now()];
        const restMs = performance.now() - changedMs;
        return restMs >= (shown >= total ? REST_MS : STALLED_MS) ? changedMs : null;
      },
      watchFor: (customer) =>
        Promise.resolve({
          seen: async () => await ask(`countIf(customer = '${customer}')`) > 0,
          close: () => Promise.resolve(),
        }),
    });
  } finally {
    await connection.close();
  }
}

/** The topics that a variant reads. */
function sourcesOf(variant: StreamsVariant): string[] {
  return (variant === "count" ? [orders] : [orders, payments]).map(({ spec }) => spec.topic);
}

/** From nothing until nothing is left to be done, `kill -9`, two events, and a start. */
async function measured(
  { log, loaded, variant, brokerPid }: StreamsMeasurement,
  app: {
    readonly start: () => MeasuredApp;
    /** When the last result was there, if all are there and some seconds are over; else null. */
    readonly caughtUp: () => Promise<number | null>;
    readonly watchFor: (customer: string) => Promise<{ seen(): Promise<boolean>; close(): Promise<void> }>;
  },
): Promise<StreamsFigures> {
  const ends = await Promise.all(sourcesOf(variant).map((topic) => log.offsets(topic)));
  const records = ends.flatMap(({ end }) => end).reduce((sum, offset) => sum + offset, 0);
  const brokerSeconds = cpuSecondsOf(brokerPid);
  const fresh = await killedAfter(app.start, async (running, { process, beganMs }) => {
    const endMs = await seenWhile(running, LOOK_EVERY_MS, app.caughtUp);
    return {
      seconds: (endMs - beganMs) / 1000,
      cpuSeconds: process.cpuSeconds(),
      brokerCpuSeconds: cpuSecondsOf(brokerPid) - brokerSeconds,
      peakBytes: process.peakBytes(),
    };
  });
  const watch = await app.watchFor(await loaded.appendPair());
  const restart = await killedAfter(app.start, async (running, { process, beganMs }) => {
    let firstResultSeconds: number | null = null;
    const restartSeconds = await seenWhile(running, RESTART_LOOK_EVERY_MS, async () => {
      if (firstResultSeconds === null && await watch.seen()) firstResultSeconds = (performance.now() - beganMs) / 1000;
      return firstResultSeconds === null || running.runningMs === null ? null : (running.runningMs - beganMs) / 1000;
    });
    return {
      restartSeconds,
      firstResultSeconds: firstResultSeconds!,
      restartCpuSeconds: process.cpuSeconds(),
      restartPeakBytes: process.peakBytes(),
    };
  });
  await watch.close();
  return { records, ...fresh, ...restart };
}

/** Runs the application while `measure` looks at it, and kills it. */
async function killedAfter<T>(
  start: () => MeasuredApp,
  measure: (
    app: MeasuredApp,
    seen: { readonly process: ReturnType<typeof measureProcess>; readonly beganMs: number },
  ) => Promise<T>,
): Promise<T> {
  const beganMs = performance.now();
  const app = start();
  const process = measureProcess(app.pid);
  try {
    return await measure(app, { process, beganMs });
  } finally {
    process.stop();
    await app.kill();
  }
}

/** Reads the output from its present end and looks for a customer. */
async function outputWatch(log: Log, { topic, customer }: { readonly topic: string; readonly customer: string }) {
  const reader = log.reader();
  const { end } = await log.offsets(topic);
  end.forEach((offset, partition) => reader.seek(topic, partition, offset));
  const decoder = new TextDecoder();
  return {
    async seen(): Promise<boolean> {
      for (const { records } of await reader.poll(POLL_MS)) {
        for (const { key } of records) {
          if (key !== null && (typeof key === "string" ? key : decoder.decode(key)) === customer) return true;
        }
      }
      return false;
    },
    close: () => reader.close(),
  };
}
