import type { Membership } from "../ports/log.ts";
import type { RunOptions } from "./options.ts";
import { repairTask } from "./repair.ts";
import type { Ports, RunEvent, Runner } from "./runner.ts";
import { findTopicChanges } from "./topics.ts";
import { ConfigError } from "../record/errors.ts";

const TICK_MS = 1_000;

/** What {@link Housekeeping} needs besides the runner and its ports. */
export interface HousekeepingOptions {
  readonly options: RunOptions;
  readonly onEvent: (event: RunEvent) => void;
  readonly fail: (error: Error) => void;
}

/**
 * What a running topology does now and then: commits positions for monitoring, compares ClickHouse with what it should show, notices
 * topics that were recreated and tasks that lag too far behind, reports gauges.
 */
export class Housekeeping {
  readonly #runner: Runner;
  readonly #ports: Ports;
  readonly #options: RunOptions;
  readonly #onEvent: (event: RunEvent) => void;
  readonly #fail: (error: Error) => void;
  #membership: Membership | null = null;
  #stopped = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #nextCommitMs = 0;
  #nextMetadataMs = 0;
  readonly #inboxIds = new Map<string, string | null>();

  constructor(runner: Runner, ports: Ports, settings: HousekeepingOptions) {
    this.#runner = runner;
    this.#ports = ports;
    this.#options = settings.options;
    this.#onEvent = settings.onEvent;
    this.#fail = settings.fail;
  }

  start(membership: Membership): void {
    this.#membership = membership;
    const nowMs = this.#ports.clock.nowMs();
    this.#nextCommitMs = nowMs + this.#options.commitEveryMs;
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
    const { clock } = this.#ports;
    while (!this.#stopped.signal.aborted) {
      const nowMs = clock.nowMs();
      if (nowMs >= this.#nextMetadataMs) {
        this.#nextMetadataMs = nowMs + this.#options.metadataEveryMs;
        await this.#checkTopics();
      }
      if (nowMs >= this.#nextCommitMs) {
        this.#nextCommitMs = nowMs + this.#options.commitEveryMs;
        await this.#commit();
      }
      this.#checkLag(nowMs);
      await this.#repair(nowMs);
      this.#report(nowMs);
      await clock.sleep(TICK_MS, this.#stopped.signal);
    }
  }

  async #checkTopics(): Promise<void> {
    try {
      for (const change of await findTopicChanges(this.#ports.log, this.#runner.topics!, this.#inboxIds)) {
        if (change.kind === "fatal") this.#fail(new ConfigError([change.problem]));
        else if (this.#runner.topics!.plan.globals.some((table) => table.source.topic === change.topic)) {
          this.#fail(
            new ConfigError([`Topic "${change.topic}" was deleted and created again. Start again to rebuild from it`]),
          );
        } else this.#runner.restartAll(`topic "${change.topic}" was recreated`);
      }
    } catch {
      // The log does not answer; whoever reads from it says so.
    }
  }

  /** Positions as they were before everything that the sinks have acknowledged now. */
  async #commit(): Promise<void> {
    const positions = [...this.#runner.hosts.values()].flatMap((host) => {
      if (host.task === null || !host.task.loaded) return [];
      const { partition } = host;
      const own = host.topics.map((topic, member) => ({ topic, partition, offset: host.positions[member] }));
      return [...own, { topic: host.inboxTopic, partition, offset: host.inboxPosition }];
    });
    if (positions.length === 0) return;
    await Promise.race([
      Promise.all([...this.#runner.writers.values()].map((writer) => writer.barrier())),
      this.#ports.clock.sleep(this.#options.commitEveryMs),
    ]);
    if ([...this.#runner.writers.values()].some((writer) => writer.troubled)) return;
    try {
      await this.#membership?.commit(positions);
    } catch {
      // Only monitoring reads committed positions; the next commit tells them again.
    }
  }

  /** A tombstone not read within half of its retention may have been removed by now: what was built may hold a deleted row. */
  #checkLag(nowMs: number): void {
    for (const host of this.#runner.hosts.values()) {
      if (host.task === null || host.lag === 0 || host.lastRecordMs === 0) continue;
      const retentions = host.topics.map((topic) => this.#runner.topics!.sources.get(topic)!.deleteRetentionMs);
      const limitMs = Math.min(...retentions) / 2;
      const sinceMs = Math.max(host.lastRecordMs, host.startedMs);
      if (Number.isFinite(limitMs) && nowMs - sinceMs > limitMs) {
        this.#runner.restart(host.id, "lag beyond half of the tombstone retention");
      }
    }
  }

  async #repair(nowMs: number): Promise<void> {
    for (const host of [...this.#runner.hosts.values()]) {
      const { task } = host;
      if (task === null || !task.complete || nowMs < host.nextRepairMs || this.#stopped.signal.aborted) continue;
      host.nextRepairMs = nowMs + this.#options.repairEveryMs;
      await this.repairNow(host.id);
    }
  }

  /** Compares one task's rows with ClickHouse now; resolves to the number of differences, or null if it could not be done. */
  async repairNow(id: string): Promise<number | null> {
    const task = this.#runner.hosts.get(id)?.task;
    if (task === null || task === undefined || !task.complete) return null;
    try {
      await Promise.all([...this.#runner.writers.values()].map((writer) => writer.barrier()));
      const rows = await repairTask(task, this.#ports.warehouse);
      if (rows > 0) {
        this.#ports.metrics.count("weir_repaired_rows_total", {
          topology: this.#runner.topology.name,
          table: task.table.name,
        }, rows);
        this.#onEvent({ kind: "repaired", task: id, rows });
      }
      return rows;
    } catch {
      // ClickHouse does not answer; the writers say so, and the next comparison comes.
      return null;
    }
  }

  #report(nowMs: number): void {
    const { metrics } = this.#ports;
    const topology = this.#runner.topology.name;
    const states = new Map<string, number>([["starting", 0], ["loading", 0], ["joining", 0], ["running", 0], [
      "waiting",
      0,
    ]]);
    for (const host of this.#runner.hosts.values()) {
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
    for (const [sink, writer] of this.#runner.writers) {
      metrics.gauge("weir_sink_pending_rows", { topology, sink }, writer.pendingRows);
    }
    metrics.gauge("weir_global_rows", { topology }, this.#runner.globalRows);
    metrics.gauge("weir_ready", { topology }, this.#runner.ready && this.#runner.problems.list().length === 0 ? 1 : 0);
  }
}
