import type { Hold } from "../hold_watch.ts";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import type { Log } from "../../../src/ports/log.ts";
import { cpuSecondsOf } from "../usage.ts";
import { type AppFigures, measureProcess, seenWhile } from "./measured_process.ts";
import { appendNewItem } from "./new_item.ts";
import { startWeir, type WeirApp } from "./weir_app.ts";

/** Where Weir is measured, and on what. */
export interface WeirMeasurement {
  readonly log: Log;
  readonly broker: string;
  readonly brokerPid: number;
  readonly clickhouseUrl: string;
  readonly clickhousePid: number;
  readonly topology: string;
  readonly directory: string;
  /** Bytes of memory beyond which the process is killed. */
  readonly bytesMax?: number;
  readonly flags?: readonly string[];
}

/** What was measured of Weir. */
export interface WeirFigures extends AppFigures {
  readonly clickhouseCpuSeconds: number;
  /** Until all tasks run and the new row is shown. */
  readonly restartCpuSeconds: number;
  /** Longest stops of the event loop, and what was done then. */
  readonly holds: readonly Hold[];
}

const LOOK_EVERY_MS = 50;

/** Weir from nothing until all rows are in ClickHouse, then a start with what it has kept and one new item. */
export async function measureWeir(options: WeirMeasurement): Promise<WeirFigures> {
  const { log, brokerPid, clickhousePid } = options;
  const brokerSeconds = cpuSecondsOf(brokerPid);
  const clickhouseSeconds = cpuSecondsOf(clickhousePid);
  const fresh = await watched(options, async (app, { process, sinceMs }) => {
    await seenWhile(
      app,
      LOOK_EVERY_MS,
      async () => app.startedMs !== null && await app.waitingRows() === 0 ? true : null,
    );
    return { seconds: sinceMs(), cpuSeconds: process.cpuSeconds() };
  });
  const brokerCpuSeconds = cpuSecondsOf(brokerPid) - brokerSeconds;
  const clickhouseCpuSeconds = cpuSecondsOf(clickhousePid) - clickhouseSeconds;
  const item = await appendNewItem(log);
  const restart = await watched(options, async (app, { process, sinceMs }) => {
    const connection = connect({ url: options.clickhouseUrl, database: "default" }, "default");
    const complete = `SELECT 1 FROM ${options.topology} WHERE id = ${item} AND notEmpty(buyer) AND notEmpty(seller)`;
    let firstRowSeconds: number | null = null;
    let restartSeconds: number | null = null;
    await seenWhile(app, LOOK_EVERY_MS, async () => {
      if (app.startedMs !== null) restartSeconds ??= sinceMs(app.startedMs);
      if (firstRowSeconds === null && (await connection.select("look for a row", complete)).length > 0) {
        firstRowSeconds = sinceMs();
      }
      return firstRowSeconds !== null && restartSeconds !== null ? true : null;
    });
    await connection.close();
    return {
      firstRowSeconds: firstRowSeconds!,
      restartSeconds: restartSeconds!,
      restartCpuSeconds: process.cpuSeconds(),
    };
  });
  return {
    ...fresh.value,
    ...restart.value,
    brokerCpuSeconds,
    clickhouseCpuSeconds,
    peakBytes: fresh.peakBytes,
    restartPeakBytes: restart.peakBytes,
    holds: [{ ...fresh.hold, name: "from nothing" }, { ...restart.hold, name: "restart" }],
  };
}

/** Runs Weir while `measure` looks at it; the peak is that of the whole life, with the snapshots written at its end. */
async function watched<T>(
  { topology, broker, clickhouseUrl, directory, bytesMax, flags }: WeirMeasurement,
  measure: (
    app: WeirApp,
    seen: { readonly process: ReturnType<typeof measureProcess>; readonly sinceMs: (atMs?: number) => number },
  ) => Promise<T>,
): Promise<{ readonly value: T; readonly peakBytes: number; readonly hold: Hold }> {
  const beganMs = performance.now();
  const app = startWeir({ topology, broker, clickhouseUrl, directory, flags });
  const process = measureProcess(app.pid, { bytesMax });
  const sinceMs = (atMs = performance.now()) => (atMs - beganMs) / 1000;
  try {
    const value = await measure(app, { process, sinceMs });
    const hold = await app.stop();
    return { value, hold, peakBytes: process.peakBytes() };
  } finally {
    process.stop();
    if (!app.ended) await app.stop();
  }
}
