import type { Membership } from "../../ports/log.ts";
import type { Task } from "../task/task.ts";
import { repairTask } from "./repair.ts";
import type { Assignments } from "./assignments.ts";
import type { Instance } from "./instance.ts";
import { SetAside } from "./set_aside.ts";
import { findTopicChanges } from "./topics.ts";
import { ConfigError } from "../../record/errors.ts";

const TICK_MS = 1_000;

/**
 * What a running topology does now and then: commits positions for monitoring, compares ClickHouse with what it should
 * show, asks for groups that views leave out, notices topics that were recreated and tasks that lag too far behind,
 * reports gauges.
 */
export class Housekeeping {
  readonly #instance: Instance;
  readonly #assignments: Assignments;
  readonly #ready: () => boolean;
  /** Groups that views leave out. */
  readonly setAside: SetAside;
  #membership: Membership | null = null;
  #stopped = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #nextCommitMs = 0;
  #nextMetadataMs = 0;
  readonly #inboxIds = new Map<string, string | null>();

  /** `ready`: whether every assigned task runs. */
  constructor(instance: Instance, assignments: Assignments, ready: () => boolean) {
    this.#instance = instance;
    this.#assignments = assignments;
    this.#ready = ready;
    this.setAside = new SetAside(instance);
  }

  /** Begins, committing through `membership`. */
  start(membership: Membership): void {
    this.#membership = membership;
    const nowMs = this.#instance.ports.clock.nowMs();
    this.#nextCommitMs = nowMs + this.#instance.options.commitEveryMs;
    this.#nextMetadataMs = nowMs;
    this.#done = this.#run();
  }

  /** Ends after a last commit. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    await this.#commit();
  }

  async #run(): Promise<void> {
    const { clock } = this.#instance.ports;
    while (!this.#stopped.signal.aborted) {
      const nowMs = clock.nowMs();
      // The loop of records does so too, but only when records come: a task that was read may be gone.
      this.#instance.loads.advance(this.#instance.reader, nowMs);
      if (nowMs >= this.#nextMetadataMs) {
        this.#nextMetadataMs = nowMs + this.#instance.options.metadataEveryMs;
        await this.#checkTopics();
      }
      if (nowMs >= this.#nextCommitMs) {
        this.#nextCommitMs = nowMs + this.#instance.options.commitEveryMs;
        await this.#commit();
      }
      this.#checkLag(nowMs);
      await this.#repair(nowMs);
      this.setAside.tick(nowMs);
      this.#report(nowMs);
      await clock.sleep(TICK_MS, this.#stopped.signal);
    }
  }

  async #checkTopics(): Promise<void> {
    try {
      const { ports: { log }, topics } = this.#instance;
      for (const change of await findTopicChanges(log, { topics, inboxIds: this.#inboxIds })) {
        if (change.kind === "fatal") this.#instance.fail(new ConfigError([change.problem]));
        else if (this.#instance.topics.plan.globals.some((table) => table.source.topic === change.topic)) {
          this.#instance.fail(
            new ConfigError([`Topic "${change.topic}" was deleted and created again. Start again to rebuild from it`]),
          );
        } else this.#assignments.restartAll(`topic "${change.topic}" was recreated`);
      }
    } catch {
      // The log does not answer; whoever reads from it says so.
    }
  }

  /** Positions as they were before everything that the sinks have acknowledged now. */
  async #commit(): Promise<void> {
    const positions = [...this.#instance.hosts.values()].flatMap((host) => {
      if (host.task === null || !host.task.loaded) return [];
      const { partition } = host;
      const own = host.topics.map((topic, member) => ({ topic, partition, offset: host.positions[member] }));
      return [...own, { topic: host.inboxTopic, partition, offset: host.inboxPosition }];
    });
    if (positions.length === 0) return;
    await Promise.race([
      Promise.all([...this.#instance.writers.values()].map((writer) => writer.barrier())),
      this.#instance.ports.clock.sleep(this.#instance.options.commitEveryMs),
    ]);
    if ([...this.#instance.writers.values()].some((writer) => writer.troubled)) return;
    try {
      await this.#membership?.commit(positions);
    } catch {
      // Only monitoring reads committed positions; the next commit tells them again.
    }
  }

  /**
   * A tombstone not read within half of its retention may have been removed by now: what was built may hold a deleted
   * row.
   */
  #checkLag(nowMs: number): void {
    for (const host of this.#instance.hosts.values()) {
      if (host.task === null || host.lag === 0 || host.lastRecordMs === 0) continue;
      const retentions = host.topics.map((topic) => this.#instance.topics.sources.get(topic)!.deleteRetentionMs);
      const limitMs = Math.min(...retentions) / 2;
      const sinceMs = Math.max(host.lastRecordMs, host.startedMs);
      if (Number.isFinite(limitMs) && nowMs - sinceMs > limitMs) {
        this.#assignments.restart(host.id, "lag beyond half of the tombstone retention");
      }
    }
  }

  async #repair(nowMs: number): Promise<void> {
    for (const host of [...this.#instance.hosts.values()]) {
      const { task } = host;
      if (task === null || !task.complete || nowMs < host.nextRepairMs || this.#stopped.signal.aborted) continue;
      host.nextRepairMs = nowMs + this.#instance.options.repairEveryMs;
      await this.#repairTask(host.id, task);
    }
  }

  /** Compares one task's rows with ClickHouse now. */
  async #repairTask(id: string, task: Task): Promise<void> {
    try {
      const rows = await repairTask(task, {
        warehouse: this.#instance.ports.warehouse,
        acknowledged: () => Promise.all([...this.#instance.writers.values()].map((writer) => writer.barrier())),
      });
      if (rows > 0) {
        this.#instance.ports.metrics.count("weir_repaired_rows_total", {
          topology: this.#instance.topology.name,
          table: task.table.name,
        }, rows);
        this.#instance.onEvent({ kind: "repaired", task: id, rows });
      }
    } catch {
      // ClickHouse does not answer; the writers say so, and the next comparison comes.
    }
  }

  #report(nowMs: number): void {
    const { metrics } = this.#instance.ports;
    const topology = this.#instance.topology.name;
    const states = new Map<string, number>([["starting", 0], ["loading", 0], ["joining", 0], ["running", 0], [
      "waiting",
      0,
    ]]);
    for (const host of this.#instance.hosts.values()) {
      states.set(host.state, (states.get(host.state) ?? 0) + 1);
      const labels = { topology, table: host.table.name, partition: String(host.partition) };
      metrics.gauge("weir_source_lag_records", labels, host.lag);
      metrics.gauge(
        "weir_source_lag_seconds",
        labels,
        host.lag > 0 && host.lastRecordMs > 0 ? (nowMs - host.lastRecordMs) / 1000 : 0,
      );
      metrics.gauge("weir_stored_rows", labels, host.task?.storedRows ?? 0);
    }
    for (const [state, count] of states) metrics.gauge("weir_tasks", { topology, state }, count);
    for (const [sink, writer] of this.#instance.writers) {
      metrics.gauge("weir_sink_pending_rows", { topology, sink }, writer.pendingRows);
    }
    metrics.gauge("weir_global_rows", { topology }, this.#instance.context.globals.size);
    metrics.gauge("weir_global_lag_records", { topology }, this.#instance.globals.lag);
    metrics.gauge("weir_ready", { topology }, this.#ready() && this.#instance.problems.list().length === 0 ? 1 : 0);
  }
}
