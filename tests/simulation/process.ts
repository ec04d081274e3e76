import { TopologyRun } from "../../src/cli/start/topology_run.ts";
import type { Topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import type { Ports } from "../../src/runtime/ports.ts";
import type { RunOptions } from "../../src/runtime/options.ts";
import { type RunEvent, Runner } from "../../src/runtime/runner.ts";
import type { Choices } from "./choices.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import type { SimulatedSnapshots } from "./simulated_snapshots.ts";
import type { SimulatedWarehouse } from "./simulated_warehouse.ts";
import { Watch } from "./watch.ts";
import { lettersTo } from "../letters_to.ts";

/** What all simulated processes share. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly choices: Choices;
  readonly log: SimulatedLog;
  readonly warehouse: SimulatedWarehouse;
  readonly snapshots: SimulatedSnapshots;
  readonly topology: Topology;
  readonly options: RunOptions;
  /** A process did what none must ever do. */
  readonly onWrong: (what: string) => void;
  /** A task was started again. */
  readonly onRestart: () => void;
  /** A topology failed in one of them, to be begun anew there. */
  readonly onFailure: () => void;
}

/** One process that runs the topology. */
export interface Instance {
  readonly owner: Owner;
  /** The last one, if it failed. */
  readonly runner: Runner;
  readonly watch: Watch;
  /** The topology failed, and is not begun anew yet. */
  readonly failed: boolean;
}

/** A process with one runner. `onFailed`: the runner cannot go on. */
export function runOnce(
  around: Surroundings,
  { owner, onFailed }: { readonly owner: Owner; readonly onFailed: (error: Error, instance: Instance) => void },
): Instance {
  const { topology, options } = around;
  const watch = watchOf(around);
  const onEvent = (event: RunEvent) => {
    if (event.kind === "restart") around.onRestart();
    watch.told(event, runner.problems);
  };
  const runner = new Runner(topology, portsOf(around, { owner, watch }), { options, onEvent });
  const instance = { owner, runner, watch, failed: false };
  const failed = (error: Error) => {
    if (!owner.dead) onFailed(error, instance);
  };
  runner.failed.then(failed);
  runner.start().catch(failed);
  return instance;
}

/** A process that begins a runner anew whenever one failed, with what the real process uses for that. */
export function runAgain(around: Surroundings, owner: Owner): Instance {
  const { topology, options, onWrong } = around;
  const watch = watchOf(around);
  /** One try, until what is left of it was thrown away. */
  let attempt = { over: false };
  let last: Runner | null = null;
  const runner = () => last = run.runner ?? last!;
  const plain = portsOf(around, { owner, watch });
  const ports: Ports = {
    ...plain,
    // Every runner asks for its own.
    get log() {
      const mine = attempt;
      const log = around.log.portFor(owner);
      const append: Log["append"] = (batches) => checked(mine, "appends messages", () => log.append(batches));
      return { ...log, append };
    },
    get warehouse() {
      const mine = attempt;
      const warehouse = around.warehouse.portFor(owner);
      const insert: Warehouse["insert"] = (batch) => checked(mine, "inserts rows", () => warehouse.insert(batch));
      return { ...warehouse, insert };
    },
  };
  function checked<T>({ over }: { readonly over: boolean }, what: string, request: () => Promise<T>): Promise<T> {
    if (over) onWrong(`ZOMBIE a runner of ${owner.name} ${what} after it failed and was thrown away`);
    return request();
  }
  const run: TopologyRun = new TopologyRun({
    topology,
    ports,
    options,
    onEvent: ({ name, fields }) => {
      if (owner.dead) return;
      const { problems } = runner();
      const told = { kind: name, ...fields } as unknown as RunEvent;
      if (name === "restart") around.onRestart();
      if (name === "restart" || name === "assigned") watch.told(told, problems);
      if (name === "failed") around.onFailure();
      const reason = String(fields?.error);
      if (name === "failed" && !isSimulated(reason) && isMistake(String(fields?.kind))) {
        onWrong(`FAILED ${owner.name} ${reason} ${fields?.stack ?? ""}`);
      }
    },
    onDiscarded: () => {
      attempt.over = true;
      attempt = { over: false };
    },
  });
  run.start();
  return {
    owner,
    watch,
    get runner() {
      return runner();
    },
    get failed() {
      return run.runner === null || (run.state !== "running" && run.state !== "degraded");
    },
  };
}

/** Whether a topology failed for what is simulated. */
export function isSimulated(reason: string): boolean {
  return /simulated|^Cannot rebuild a table from topic|was deleted and created again/.test(reason);
}

/** Whether nothing that is simulated may end a run so. */
function isMistake(kind: string): boolean {
  return kind === "ConfigError" || kind === "TypeError" || kind === "RestoreError";
}

export function watchOf({ scheduler, onWrong }: Surroundings): Watch {
  return new Watch({ nowMs: () => scheduler.nowMs }, onWrong);
}

export function portsOf(
  { log, warehouse, snapshots, scheduler, choices }: Surroundings,
  { owner, watch }: Pick<Instance, "owner" | "watch">,
): Ports {
  return {
    log: log.portFor(owner),
    warehouse: warehouse.portFor(owner),
    clock: {
      nowMs: () => scheduler.nowMs,
      elapsedMs: () => scheduler.nowMs,
      sleep: (ms: number, signal?: AbortSignal) => scheduler.sleep(owner, ms, signal),
      // A process that was killed goes no further, whatever it was busy with.
      breathe: () => owner.dead ? new Promise(() => {}) : Promise.resolve(),
    },
    random: choices,
    metrics: { count() {}, gauge: (name: string) => watch.gauge(name), observe() {} },
    deadLetters: lettersTo(),
    snapshots: snapshots.portFor(owner),
    process: owner,
  };
}
