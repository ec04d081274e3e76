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
    const { hosts, topics, reader, busy, onEvent } = this.#instance;
    const wanted = new Set(ids);
    for (const [id, host] of hosts) {
      if (wanted.has(id)) continue;
      host.drop(reader);
      hosts.delete(id);
      busy.delete(host);
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
  }

  #start(hosts: readonly TaskHost[]): void {
    const { context, ports, reader, globals, loads, problems, busy, wake, fail } = this.#instance;
    startTasks(hosts, {
      context,
      log: ports.log,
      reader,
      warehouse: ports.warehouse,
      globals,
      loads,
      clock: ports.clock,
      onState: (problem) => problems.set("start", problem),
      onBaseRead: (host) => {
        busy.add(host);
        wake();
      },
    }).catch(fail);
  }

  /** Throws a task's state away and starts it again after a pause that grows with every restart. */
  restart(id: string, reason: string): void {
    const { hosts, reader, busy, onEvent, ports, topology } = this.#instance;
    const host = hosts.get(id);
    if (host === undefined || this.#stopped || host.task === null) return;
    host.drop(reader);
    busy.delete(host);
    onEvent({ kind: "restart", task: id, reason });
    ports.metrics.count("weir_task_restarts_total", { topology: topology.name, reason: reason.split(" ")[0] }, 1);
    const { start } = host;
    const pauseMs = waitMsAfter(++host.restarts, { ...RESTART, random: ports.random });
    ports.clock.sleep(pauseMs).then(() => {
      if (host.start === start && hosts.get(id) === host && !this.#stopped) this.#start([host]);
    });
  }

  /** Throws all tasks away and starts them again, for a source topic that is not the one they were built from. */
  restartAll(reason: string): void {
    for (const id of this.#instance.hosts.keys()) this.restart(id, reason);
  }
}
