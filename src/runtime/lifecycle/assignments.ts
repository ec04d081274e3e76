import type { Instance } from "./instance.ts";
import { startTasks } from "./task_starter.ts";
import { TaskHost } from "./task_host.ts";
import { waitMsAfter } from "../../ports/retry.ts";
import { taskId } from "../../record/task_id.ts";

const RESTART = { firstMs: 1_000, lastMs: 30_000 };

/**
 * Follows what the group assigns: keeps, starts, drops and restarts tasks. A task that stays assigned is not touched.
 */
export class Assignments {
  readonly #instance: Instance;
  /** The group has told at least once which tasks this instance has; they may be none. */
  decided = false;
  #stopped = false;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Nothing is started any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** The group's decision: all tasks that this instance has now. */
  assigned(ids: readonly string[]): void {
    if (this.#stopped) return;
    const { hosts, topics, intake, busy, producer, problems, onEvent, wake } = this.#instance;
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
    for (const table of topics.plan.tables) {
      for (let partition = 0; partition < topics.partitions[table.index]; partition++) {
        const id = taskId(table.name, partition);
        if (!wanted.has(id) || hosts.has(id)) continue;
        const host = new TaskHost({ table, partition, inboxTopic: topics.inboxes[table.index] });
        hosts.set(id, host);
        fresh.push(host);
      }
    }
    onEvent({ kind: "assigned", tasks: ids });
    if (fresh.length > 0) this.#start(fresh);
    wake();
  }

  #start(hosts: readonly TaskHost[]): void {
    const { context, ports, intake, globals, loads, problems, busy, writers, wake, fail, snapshots } = this.#instance;
    startTasks(hosts, {
      context,
      log: ports.log,
      reader: intake,
      warehouse: ports.warehouse,
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
      restore: (host, offsets, begin) => snapshots.restore(host, offsets, begin),
      onBegun: (begun) => this.#tellRestored(begun),
      stopped: () => this.#stopped,
    }).catch(fail);
  }

  #tellRestored(hosts: readonly TaskHost[]): void {
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
    const pauseMs = waitMsAfter(++host.restarts, { ...RESTART, random: ports.random });
    ports.clock.sleep(pauseMs).then(() => {
      if (host.start !== start || hosts.get(id) !== host || this.#stopped) return;
      host.waiting = false;
      this.#start([host]);
    });
    wake();
  }

  /** The task's start is complete. One restart alone is forgiven then; after several, others are to be expected. */
  completed(host: TaskHost): void {
    host.lateLoads = 0;
    if (host.restarts <= 1) this.#instance.problems.set(problemOf(host.id), null);
  }

  /** Forgets the restarts of tasks that have run for a while since. */
  forgive(nowMs: number): void {
    const { hosts, options, problems } = this.#instance;
    for (const host of hosts.values()) {
      if (host.restarts === 0 || host.state !== "running" || nowMs - host.completedMs < options.steadyAfterMs) continue;
      host.restarts = 0;
      problems.set(problemOf(host.id), null);
    }
  }

  /** Throws all tasks away and starts them again, for a source topic that is not the one they were built from. */
  restartAll(reason: string): void {
    for (const id of this.#instance.hosts.keys()) this.restart(id, reason);
  }
}

/** Under which name restarts of a task are a problem. */
function problemOf(id: string): string {
  return `task ${id}`;
}
