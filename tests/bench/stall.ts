/**
 * The longest time for which the runtime holds the event loop, and with it heartbeats and sockets, in every phase of a
 * start, of a comparison with ClickHouse, of a change that concerns everything, and of a rebalance. Arguments: groups
 * and partitions. Prints one JSON line. The log is embedded and in memory, the warehouse a map. A process of its own,
 * with a small young generation and an old one that is not collected (see main.ts): the pauses of the collector would
 * be measured else, about 70 ms for half a gigabyte of rows, 200 ms for one.
 */
import { setTimeout as quiet } from "node:timers/promises";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Log } from "../../src/ports/log.ts";
import { noSnapshots, type Snapshots } from "../../src/ports/snapshots.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { benchRunner } from "./bench_runner.ts";
import { createDigestWarehouse } from "./digest_warehouse.ts";
import { type HoldWatch, watchHolds } from "./hold_watch.ts";
import { changeKind, fillOneHome, type HomeSize, oneHome } from "./one_home.ts";

const LOOK_MS = 20;
const HOUR_MS = 3_600_000;

interface Place {
  readonly snapshots?: Snapshots;
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly clock: Clock;
}

async function measure(size: HomeSize): Promise<Record<string, string>> {
  let laterMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
  const log = openEmbeddedLog({ path: ":memory:" });
  await fillOneHome(log, size);
  const warehouse = createDigestWarehouse(clock);
  const place = { log, warehouse, clock };
  const watch = watchHolds("prepare");
  const first = await run(place, { watch, name: "first start" });
  watch.phase("stop");
  await first.stop();
  const second = await run(place, { watch, name: "second start" });
  watch.phase("comparison");
  laterMs = HOUR_MS;
  await quiet(2_000 + size.groups / 50);
  watch.phase("change of a global row");
  await changeKind(log, "second");
  await rest([second]);
  const third = await run(place, { watch, name: "rebalance, a second instance comes", others: [second] });
  watch.phase("rebalance, it goes: stop");
  await third.stop();
  await restByStates([second], { watch, name: "rebalance, it goes" });
  watch.phase("end");
  await second.stop();
  const kept = keptSnapshots();
  const fourth = await run({ ...place, snapshots: kept.snapshots }, { watch, name: "start with snapshots to write" });
  watch.phase("snapshots are written");
  laterMs += HOUR_MS / 3;
  while (kept.bytes() === 0 || kept.writing()) await quiet(LOOK_MS);
  watch.phase("end");
  await fourth.stop();
  const holds = watch.stop();
  await log.close();
  const figures: Record<string, string> = {
    "groups": String(size.groups),
    "partitions": String(size.partitions),
    "rows in the warehouse": String(warehouse.rows()),
    "MB of snapshots": (kept.bytes() / 1e6).toFixed(0),
  };
  for (const { name, cpuMs, wallMs } of holds) {
    figures[name] = `${cpuMs.toFixed(0)} ms of processor time (${wallMs.toFixed(0)} by the clock)`;
  }
  return figures;
}

/** What is measured under which name. */
interface Part {
  readonly watch: HoldWatch;
  readonly name: string;
  /** Instances that run beside it. */
  readonly others?: readonly Runner[];
}

/** Takes parts as a file does, with other work between them, and keeps nothing. */
function keptSnapshots() {
  let bytes = 0;
  let writing = 0;
  const snapshots: Snapshots = {
    ...noSnapshots,
    async write(_name, parts) {
      writing++;
      for (const part of parts) {
        bytes += part.length;
        await systemClock.breathe();
      }
      const end = () => Promise.resolve(void writing--);
      return { publish: end, discard: end };
    },
  };
  return { snapshots, bytes: () => bytes, writing: () => writing > 0 };
}

async function run({ log, warehouse, clock, snapshots = noSnapshots }: Place, part: Part): Promise<Runner> {
  const { watch, name, others = [] } = part;
  watch.phase(`${name}: prepare`);
  const snapshotEveryMs = snapshots === noSnapshots ? 0 : HOUR_MS / 4;
  const options = { repairAfterMs: HOUR_MS / 2, repairEveryMs: HOUR_MS * 24, snapshotEveryMs };
  const runner = benchRunner(oneHome, { log, warehouse, clock, snapshots }, { options });
  await runner.start();
  await restByStates([...others, runner], part);
  return runner;
}

/** Waits until nothing is left to do; the phases are what the slowest task does. */
async function restByStates(runners: readonly Runner[], { watch, name }: Part): Promise<void> {
  // The other instance notices only at its next turn that tasks were taken from it, or given to it.
  await quiet(LOOK_MS);
  while (!runners.every((runner) => runner.knownUnfinished().done)) {
    const states = new Set(runners.flatMap((runner) => runner.status().tasks.map(({ state }) => state)));
    const state = ["waiting", "starting", "loading", "joining"].find((one) => states.has(one as never)) ?? "running";
    watch.phase(`${name}: ${state}`);
    await quiet(LOOK_MS);
  }
  await rest(runners);
}

async function rest(runners: readonly Runner[]): Promise<void> {
  do await quiet(LOOK_MS); while (
    !(await Promise.all(runners.map((runner) => runner.unfinished()))).every(({ done }) => done)
  );
}

const [groups, partitions] = Deno.args.map(Number);
console.log(JSON.stringify(await measure({ groups, partitions })));
Deno.exit(0);
