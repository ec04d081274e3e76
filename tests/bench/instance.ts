import { setTimeout as quiet } from "node:timers/promises";
import { noSnapshots, type Snapshots } from "../../src/ports/snapshots.ts";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import type { Topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import type { RunOptions } from "../../src/runtime/options.ts";
import type { Ports } from "../../src/runtime/ports.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { benchRunner } from "./bench_runner.ts";

/** Enough for the snapshots of all tasks. */
const STOP_MS = 60_000;

/** A topology running for a benchmark. */
export interface BenchInstance {
  readonly runner: Runner;
  /** Resolves when every task runs. */
  readonly started: Promise<void>;
  /** Resolves when all was read, evaluated and acknowledged. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Where a topology runs, and what is wanted of it. */
interface BenchRun {
  readonly log: Log;
  /** Of ClickHouse. */
  readonly url: string;
  /** Is given every histogram's values. */
  readonly observe?: (metric: string, value: number) => void;
  /** Written at the end, and begun with; none if absent. */
  readonly snapshots?: Snapshots;
  /** Instead of those that do nothing. */
  readonly ports?: Partial<Ports>;
  /** Instead of the usual ones without a comparison. */
  readonly options?: Partial<RunOptions>;
}

/** Runs `topology`. */
export async function runForBench(
  topology: Topology,
  { log, url, observe = () => {}, snapshots = noSnapshots, ports: otherPorts, options: otherOptions }: BenchRun,
): Promise<BenchInstance> {
  const warehouse = openClickHouse({ url, database: "default" });
  let begun = () => {};
  const started = new Promise<void>((resolve) => begun = resolve);
  const ports = {
    log,
    warehouse,
    metrics: {
      count() {},
      gauge() {},
      observe: (name: string, _labels: unknown, value: number) => observe(name, value),
    },
    snapshots,
    ...otherPorts,
  };
  const runner = benchRunner(topology, ports, {
    options: { repairAfterMs: 1e9, ...otherOptions },
    onEvent: (event) => event.kind === "started" && begun(),
  });
  await runner.start();
  return {
    runner,
    started,
    async caughtUp() {
      // The log is asked when nothing is left that is known: all the time would be measured, too.
      while (!runner.knownUnfinished().done || !(await runner.unfinished()).done) {
        await quiet(5);
      }
    },
    async stop() {
      await runner.stop(STOP_MS);
      await warehouse.close();
    },
  };
}
