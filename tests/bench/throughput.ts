import { fillLog } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch } from "../../src/ports/log.ts";
import type { Snapshots } from "../../src/ports/snapshots.ts";
import { gateOf } from "./gate.ts";
import { holdingBack, recordsOf } from "./held_log.ts";
import { openLocalSnapshots } from "../../src/adapters/local/snapshots.ts";
import { runForBench } from "./instance.ts";
import type { Place } from "./places.ts";
import { begin, finish, type Measured } from "./report.ts";

/** Sizes of the store whose changes are measured. */
export interface StoreSize {
  readonly orders: number;
  readonly changes: number;
}

/**
 * Source log to acknowledged ClickHouse rows: everything from an empty ClickHouse (load), a backlog of changes on top
 * of it (live), then starts after some changes more, with what snapshots hold and without (restart): to the first of
 * them in ClickHouse, and to the moment in which every task runs.
 */
export async function benchThroughput(
  name: string,
  place: Place & { readonly topology: Topology },
  size: StoreSize,
): Promise<Measured[]> {
  const { topology, log, clickhouseUrl } = place;
  const held = await holdingBack(log, `${place.directory}/changes.jsonl`);
  await fillLog({
    log: held.log,
    seed: 7,
    orders: size.orders,
    ordersMax: size.orders * 2,
    changes: size.changes + NEW_CHANGES,
  });
  const loaded = await recordsOf(log, topology);
  const gate = gateOf(log);

  let run = begin();
  const snapshots = openLocalSnapshots(`${place.directory}/snapshots`);
  const first = await runForBench(topology, { log: gate.log, url: clickhouseUrl, snapshots });
  await first.started;
  await first.caughtUp();
  const load = finish(`${name}: load from empty`, run, {
    records: loaded,
    internal: first.runner.status().appendedRecords,
  });
  const stored = first.runner.status().storedRows;

  gate.shut();
  // A fetch under way when the gate shuts still delivers what was there before.
  await new Promise((resolve) => setTimeout(resolve, 600));
  let last: AppendBatch[] = [];
  for await (const batches of held.take(topology)) {
    await log.append(last);
    last = batches;
  }
  const records = await recordsOf(log, topology) - loaded;
  const before = first.runner.status().appendedRecords;
  run = begin();
  gate.open();
  await first.caughtUp();
  const live = finish(`${name}: backlog of changes`, run, {
    records,
    internal: first.runner.status().appendedRecords - before,
  });
  await first.stop();

  const restart = async (changes: AppendBatch[], kept?: Snapshots) => {
    await log.append(changes);
    const how = kept === undefined ? "without snapshots" : "from snapshots";
    const figures = await restarted(topology, { log, url: clickhouseUrl, snapshots: kept });
    return { name: `${name}: restart ${how}, some changes more`, figures: { "stored rows": stored, ...figures } };
  };
  const half = last.length >> 1;
  const restarts = [await restart(last.slice(0, half), snapshots), await restart(last.slice(half))];
  return [load, ...records > 0 ? [live] : [], ...restarts];
}

/** Starts the topology and stops it again. */
async function restarted(
  topology: Topology,
  options: Parameters<typeof runForBench>[1],
): Promise<Measured["figures"]> {
  const startMs = performance.now();
  const sinceStart = () => ((performance.now() - startMs) / 1000).toFixed(1);
  let firstRow = "";
  const instance = await runForBench(topology, {
    ...options,
    observe: (metric) => {
      if (metric === "weir_sink_insert_rows" && firstRow === "") firstRow = sinceStart();
    },
  });
  await instance.started;
  const untilAllRuns = sinceStart();
  while (firstRow === "") await new Promise((resolve) => setTimeout(resolve, 5));
  await instance.stop();
  return { "seconds to the first new row": firstRow, "seconds until all runs": untilAllRuns };
}

/** Changes that a restart finds. */
const NEW_CHANGES = 2_000;
