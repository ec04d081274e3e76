import { setTimeout as quiet } from "node:timers/promises";
import { openLocalSnapshots } from "../../src/adapters/local/snapshots.ts";
import { fillLog } from "../../src/demo/mod.ts";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch, GroupOptions, Log } from "../../src/ports/log.ts";
import type { Snapshots } from "../../src/ports/snapshots.ts";
import type { Runner } from "../../src/runtime/runner.ts";
import { type BenchInstance, runForBench } from "./instance.ts";
import type { Place } from "./places.ts";
import type { Measured } from "./report.ts";
import { cpuSecondsOf } from "./usage.ts";

/** Changes that a take-over finds, of rows that there are. */
const NEW_CHANGES = 2_000;
const ROUNDS = 2;
const CASES = ["from the log", "from snapshots", "from the standby"] as const;

/**
 * What it takes until the tasks of an instance that has left run on another one of this process, counted from the
 * moment in which that one is given them: reading everything, from snapshots in a directory that both have, and with
 * the rows that it kept as their standby. One instance has all tasks at a time. Seconds depend on what else the machine
 * does, the processor time of this process (ClickHouse has its own) hardly.
 */
export async function benchStandby(
  place: Place & { readonly topology: Topology },
  { orders }: { readonly orders: number },
): Promise<Measured[]> {
  const { topology, log, clickhouseUrl: url, directory } = place;
  const kept = openLocalSnapshots(`${directory}/snapshots`);
  const unread: Snapshots = { ...kept, read: () => Promise.resolve(null) };
  const changes: AppendBatch[] = [];
  const takeOvers = ROUNDS * CASES.length;
  const held = holding(log, changes);
  await fillLog({ log: held, seed: 7, orders, ordersMax: orders * 2, changes: NEW_CHANGES * takeOvers });
  const share = Math.floor(changes.length / takeOvers);
  const group = new OneAtATime(log);
  let owner = await runForBench(topology, { log: group.log, url, snapshots: kept });
  await owner.started;
  await owner.caughtUp();
  const figures = new Map<string, Record<string, string>>(CASES.map((name) => [name, {}]));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const name of CASES) {
      const standbys = name === "from the standby" ? 1 : 0;
      const snapshots = name === "from the log" ? unread : kept;
      const next = await beginNext(topology, { log: group.log, url, snapshots, standbys });
      await owner.stop();
      await log.append(changes.splice(0, share));
      const taken = await next.takesOver(() => group.handOver());
      const all = figures.get(name)!;
      all["stored rows"] = String(next.instance.runner.status().storedRows);
      for (const [moment, { seconds, cpuSeconds }] of Object.entries(taken)) {
        all[`${moment}, round ${round}`] = `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU`;
      }
      owner = next.instance;
      await owner.caughtUp();
    }
  }
  await owner.stop();
  return [...figures].map(([name, all]) => ({ name: `a take-over ${name}`, figures: all }));
}

interface Moment {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Next {
  readonly instance: BenchInstance;
  /** Measures from `handOver` on, by what is reached. */
  takesOver(handOver: () => void): Promise<Readonly<Record<string, Moment>>>;
}

/** The instance that will get the tasks; resolves when it has read all rows of those that it is a standby of. */
async function beginNext(
  topology: Topology,
  { standbys, ...options }: {
    readonly log: Log;
    readonly url: string;
    readonly snapshots: Snapshots;
    readonly standbys: number;
  },
): Promise<Next> {
  let inserted = () => {};
  const firstInsert = new Promise<void>((resolve) => inserted = resolve);
  const instance = await runForBench(topology, {
    ...options,
    options: { standbys },
    observe: (metric) => metric === "weir_sink_insert_rows" && inserted(),
  });
  const { runner } = instance;
  while (standbys > 0 && !runner.status().standbys.some(({ state }) => state === "ready")) await quiet(100);
  while (runner.status().standbys.some(({ state }) => state !== "ready")) await quiet(100);
  return {
    instance,
    async takesOver(handOver) {
      const start = { ms: performance.now(), cpu: cpuSecondsOf(Deno.pid) };
      const moment = (): Moment => ({
        seconds: (performance.now() - start.ms) / 1000,
        cpuSeconds: cpuSecondsOf(Deno.pid) - start.cpu,
      });
      handOver();
      const [rows, row, all] = await Promise.all([
        untilLoaded(runner).then(moment),
        firstInsert.then(moment),
        instance.started.then(moment),
      ]);
      return { "all rows are here": rows, "the first new row": row, "all tasks run": all };
    },
  };
}

/** All rows are read, and what is shown of them. */
async function untilLoaded(runner: Runner): Promise<void> {
  const isLoaded = () => {
    const { tasks } = runner.status();
    return tasks.length > 0 && tasks.every(({ state }) => state === "joining" || state === "running");
  };
  while (!isLoaded()) await quiet(5);
}

/** A group in which the first member has all tasks until {@link handOver} gives them to the next. */
class OneAtATime {
  readonly log: Log;
  readonly #members: GroupOptions[] = [];

  constructor(log: Log) {
    this.log = {
      ...log,
      topics: (names) => log.topics(names),
      createTopic: (topic) => log.createTopic(topic),
      offsets: (topic) => log.offsets(topic),
      append: (batches) => log.append(batches),
      reader: () => log.reader(),
      join: (options) => {
        this.#members.push(options);
        const ids = options.tasks.map(({ id }) => id);
        const first = this.#members.length === 1;
        setTimeout(() => options.onAssigned(first ? ids : [], first || !options.standbys ? [] : ids), 0);
        return Promise.resolve({
          commit: () => Promise.resolve(),
          held: () => Promise.resolve([]),
          advance: () => Promise.resolve(),
          transact: () => Promise.resolve(),
          addresses: () => [],
          leave: () => Promise.resolve(),
        });
      },
    };
  }

  handOver(): void {
    this.#members.shift();
    const [next] = this.#members;
    next.onAssigned(next.tasks.map(({ id }) => id), []);
  }
}

/** The log, but that changes after the snapshot (op r) are kept in `changes` instead. */
function holding(log: Log, changes: AppendBatch[]): Log {
  const isSnapshot = (batch: AppendBatch) => batch.records.every((record) => String(record.value).includes('"op":"r"'));
  return {
    ...log,
    topics: (names) => log.topics(names),
    createTopic: (topic) => log.createTopic(topic),
    offsets: (topic) => log.offsets(topic),
    append(batches) {
      if (batches.every(isSnapshot) && changes.length === 0) return log.append(batches);
      changes.push(...batches);
      return Promise.resolve(batches.map(() => 0));
    },
  };
}
