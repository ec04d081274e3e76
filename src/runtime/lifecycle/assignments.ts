import type { Instance } from "./instance.ts";
import { startTasks } from "./task_starter.ts";
import { partitionedTasks } from "./group_tasks.ts";
import { StandbyReading } from "./standby_reading.ts";
import { TaskHost } from "./task_host.ts";
import { warmStart } from "./warm_start.ts";
import { waitMsAfter } from "../../ports/retry.ts";

const RESTART = { firstMs: 1_000, lastMs: 30_000 };
/** Whoever has all tasks for so long is alone, and not only the first to come. */
const ALONE_MS = 60_000;

/**
 * Follows what the group assigns: keeps, starts, drops and restarts tasks, and keeps rows of others' tasks. A task that
 * stays assigned is not touched.
 */
export class Assignments {
  readonly #instance: Instance;
  /** The group has told at least once which tasks this instance has; they may be none. */
  decided = false;
  #stopped = false;
  readonly #standbys: StandbyReading;
  /** Since when this instance has all tasks although standbys are wanted; told: it was said. */
  #alone: { readonly sinceMs: number; told: boolean } | null = null;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#standbys = new StandbyReading(instance);
  }

  /** Nothing is started any more. Resolves when the topics of standbys are not read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#standbys.stop();
  }

  /** The group's decision: all tasks that this instance has now, and all that it is a standby of. */
  assigned(ids: readonly string[], standbys: readonly string[] = []): void {
    if (this.#stopped) return;
    const { hosts, topics, intake, busy, producer, problems, onEvent, wake, options, ports } = this.#instance;
    const wanted = new Set(ids);
    this.decided = true;
    for (const [id, host] of hosts) {
      if (wanted.has(id)) continue;
      host.drop(intake);
      hosts.delete(id);
      busy.delete(host);
      producer.forget(id);
      problems.set(problemOf(id), null);
    }
    const fresh: TaskHost[] = [];
    const all = partitionedTasks(topics);
    for (const { id, table, partition } of all) {
      if (!wanted.has(id) || hosts.has(id)) continue;
      const host = new TaskHost({ table, partition, inboxTopic: topics.inboxes[table.index] });
      host.standby = this.#standbys.take(id);
      hosts.set(id, host);
      fresh.push(host);
    }
    onEvent({ kind: "assigned", tasks: ids, ...(standbys.length > 0 ? { standbys } : {}) });
    if (fresh.length > 0) this.#start(fresh);
    this.#standbys.assigned(standbys.filter((id) => !wanted.has(id)));
    if (hosts.size < all.length) this.#alone = null;
    else if (options.standbys > 0) this.#alone ??= { sinceMs: ports.clock.nowMs(), told: false };
    wake();
  }

  /** Says once that standbys are wanted and nobody is there to keep them. */
  tellAlone(nowMs: number): void {
    if (this.#alone === null || this.#alone.told || nowMs - this.#alone.sinceMs < ALONE_MS) return;
    this.#alone.told = true;
    this.#instance.onEvent({ kind: "no standbys" });
  }

  #start(hosts: readonly TaskHost[]): void {
    const { context, ports, intake, globals, loads, problems, busy, writers, wake, fail, follower } = this.#instance;
    startTasks(hosts, {
      context,
      log: ports.log,
      reader: intake,
      warehouse: ports.warehouse,
      follow: (started) => follower.expect(started),
      acknowledged: async (sinks) => void await Promise.all(sinks.map((sink) => writers.get(sink)!.barrier())),
      globals,
      loads,
      clock: ports.clock,
      onState: (problem) => problems.set("start", problem),
      onSuperseded: (host) => this.restart(host.id, "superseded"),
      onBaseRead: (host) => {
        busy.add(host);
        wake();
      },
      restore: (host, beginning) => warmStart(host, { ...beginning, instance: this.#instance }),
      onBegun: (begun) => {
        this.#tellRestored(begun);
        this.#instance.corrections.begun(begun);
      },
      stopped: () => this.#stopped,
    }).catch(fail);
  }

  #tellRestored(hosts: readonly TaskHost[]): void {
    this.#instance.snapshots.tellIgnored();
    const warm = hosts.filter((host) => host.warm);
    if (warm.length > 0) {
      const rows = warm.reduce((sum, { task }) => sum + task!.entries.size, 0);
      const records = warm.reduce((sum, { lag }) => sum + lag, 0);
      this.#instance.onEvent({ kind: "standbys took over", tasks: warm.length, rows, records });
    }
    const restored = hosts.filter(({ unread }) => unread.length > 0);
    if (restored.length === 0) return;
    const rows = restored.reduce((sum, { task }) => sum + task!.entries.size, 0);
    const anew = restored.filter(({ task }) => !task!.restored).length;
    const records = restored.reduce((sum, { lag }) => sum + lag, 0);
    this.#instance.onEvent({ kind: "restored", tasks: restored.length, anew, rows, records });
  }

  /**
   * Throws a task's state away and starts it again after a pause that grows with every restart, until the task has run
   * steadily. Meanwhile it is a problem.
   */
  restart(id: string, reason: string): void {
    const { hosts, intake, busy, producer, problems, onEvent, ports, topology, wake } = this.#instance;
    const host = hosts.get(id);
    if (host === undefined || this.#stopped || host.waiting) return;
    host.drop(intake);
    host.waiting = true;
    busy.delete(host);
    producer.forget(id);
    problems.set(problemOf(id), `Task "${id}" was started again: ${reason}`);
    onEvent({ kind: "restart", task: id, reason });
    ports.metrics.count("weir_task_restarts_total", { topology: topology.name, reason: reason.split(" ")[0] }, 1);
    const { start } = host;
    if (!MOVES.has(reason.split(" ")[0])) host.faults++;
    const pauseMs = waitMsAfter(++host.restarts, { ...RESTART, random: ports.random });
    ports.clock.sleep(pauseMs).then(() => {
      if (host.start !== start || hosts.get(id) !== host || this.#stopped) return;
      host.waiting = false;
      this.#start([host]);
    });
    wake();
  }

  /** The task's start is complete. One fault alone is forgiven then; after several, others are to be expected. */
  completed(host: TaskHost): void {
    host.lateLoads = 0;
    if (host.faults <= 1) this.#instance.problems.set(problemOf(host.id), null);
  }

  /** Forgets the restarts of tasks that have run for a while since. */
  forgive(nowMs: number): void {
    const { hosts, options, problems } = this.#instance;
    for (const host of hosts.values()) {
      if (host.restarts === 0 || host.state !== "running" || nowMs - host.completedMs < options.steadyAfterMs) continue;
      host.restarts = 0;
      host.faults = 0;
      problems.set(problemOf(host.id), null);
    }
  }

  /** Throws all tasks away and starts them again, for a source topic that is not the one they were built from. */
  restartAll(reason: string): void {
    for (const id of this.#instance.hosts.keys()) this.restart(id, reason);
  }
}

/**
 * First words of why a task is started again though nothing is wrong with it: another instance has begun it while it
 * moves, which may happen several times, or a person has corrected what it had read.
 */
const MOVES: ReadonlySet<string> = new Set(["superseded", "corrections"]);

/** Under which name restarts of a task are a problem. */
function problemOf(id: string): string {
  return `task ${id}`;
}
