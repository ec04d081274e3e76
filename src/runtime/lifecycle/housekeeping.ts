import type { Membership } from "../../ports/log.ts";
import { outputsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { type Difference, repairTasks } from "./repair.ts";
import type { Assignments } from "./assignments.ts";
import { type Instance, isOverloaded, staleKeys } from "./instance.ts";
import { tendHeldRows } from "./held_rows.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import { EarlierLetters } from "./earlier_letters.ts";
import type { GlobalLetters } from "./global_letters.ts";
import { SetAside } from "./set_aside.ts";
import { reportStandbys } from "./standby_gauges.ts";
import { TableWatch } from "./table_watch.ts";
import { TaskGauges } from "./task_gauges.ts";
import { checkStateBytes } from "./state_bytes.ts";
import type { TaskHost } from "./task_host.ts";
import { checkTombstones } from "./tombstones.ts";
import { Horizons } from "./horizons.ts";
import { findTopicChanges } from "./topics.ts";
import { ConfigError } from "../../record/errors.ts";

const TICK_MS = 1_000;
/** Joins are looked at this often. */
const JOINS_EVERY_MS = 10_000;

/** What housekeeping looks after. */
export interface HousekeepingParts {
  readonly assignments: Assignments;
  readonly letters: DeadLetterQueue;
  readonly globals: GlobalLetters;
  /** Whether every assigned task runs. */
  readonly ready: () => boolean;
  /** Tells of joins that find no partners, now that every assigned task runs. */
  readonly checkJoins: (instance: Instance) => void;
}

/**
 * What a running topology does now and then: commits positions for monitoring, compares ClickHouse with what it should
 * show, asks for groups that views leave out, notices tables that were dropped, topics that were recreated and tasks
 * that lag too far behind, reports gauges. Whatever waits for the log or for ClickHouse runs beside the rest: gauges
 * are needed most while one of them does not answer.
 */
export class Housekeeping {
  readonly #instance: Instance;
  readonly #assignments: Assignments;
  readonly #ready: () => boolean;
  readonly #checkJoins: HousekeepingParts["checkJoins"];
  readonly #letters: DeadLetterQueue;
  readonly #earlier: EarlierLetters;
  /** Groups that views leave out. */
  readonly setAside: SetAside;
  /** Tables that somebody dropped. */
  readonly tables: TableWatch;
  readonly #tasks: TaskGauges;
  readonly #horizons: Horizons;
  #membership: Membership | null = null;
  #stopped = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** What is under way beside the rest, by name: at most one of each. */
  readonly #beside = new Map<string, Promise<void>>();
  #nextCommitMs = 0;
  #nextMetadataMs = 0;
  #nextJoinsMs = 0;
  readonly #inboxIds = new Map<string, string | null>();

  constructor(instance: Instance, parts: HousekeepingParts) {
    this.#instance = instance;
    this.#assignments = parts.assignments;
    this.#ready = parts.ready;
    this.#checkJoins = parts.checkJoins;
    this.#letters = parts.letters;
    this.setAside = new SetAside(instance);
    this.tables = new TableWatch(instance);
    this.#tasks = new TaskGauges(instance);
    this.#horizons = new Horizons(instance, {
      refilling: () => this.tables.refilling,
      stopped: this.#stopped.signal,
    });
    this.#earlier = new EarlierLetters(instance, { ...parts, setAside: this.setAside });
  }

  /** Begins, committing through `membership`. */
  start(membership: Membership): void {
    this.#membership = membership;
    const nowMs = this.#instance.ports.clock.nowMs();
    this.#nextCommitMs = nowMs + this.#instance.options.commitEveryMs;
    this.#nextMetadataMs = nowMs;
    this.#done = this.#run().catch((error) => this.#instance.fail(error));
  }

  /** Ends after a last commit. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    await Promise.all(this.#beside.values());
    await this.#commit();
  }

  async #run(): Promise<void> {
    const { clock } = this.#instance.ports;
    while (!this.#stopped.signal.aborted) {
      const nowMs = clock.nowMs();
      // The loop of records does so too, but only when records come: a task that was read may be gone.
      this.#instance.loads.advance(this.#instance.intake, nowMs);
      if (nowMs >= this.#nextMetadataMs) {
        this.#nextMetadataMs = nowMs + this.#instance.options.metadataEveryMs;
        this.#start("topics", () => this.#checkTopics());
        this.#start("tables", () => this.tables.look());
      }
      if (nowMs >= this.#nextCommitMs) {
        this.#nextCommitMs = nowMs + this.#instance.options.commitEveryMs;
        this.#start("commit", () => this.#commit());
      }
      if (nowMs >= this.#nextJoinsMs && this.#ready()) {
        this.#nextJoinsMs = nowMs + JOINS_EVERY_MS;
        this.#checkJoins(this.#instance);
      }
      if (isOverloaded(this.#instance)) this.#start("ends", () => this.#findEnds());
      checkTombstones(this.#instance, { assignments: this.#assignments, nowMs });
      this.#assignments.forgive(nowMs);
      this.#assignments.tellAlone(nowMs);
      this.#start("comparison", () => this.repair(nowMs));
      this.#start("horizons", () => this.#horizons.look());
      this.#start("snapshots", () => this.#instance.snapshots.write("due"));
      this.setAside.tick(nowMs);
      checkStateBytes(this.#instance);
      tendHeldRows(this.#instance);
      if (this.#ready()) this.#start("letters", () => this.#earlier.check());
      this.#letters.tick(nowMs);
      this.report(nowMs);
      await clock.sleep(TICK_MS, this.#stopped.signal);
    }
  }

  /** Begins it beside everything else, unless it is still under way. */
  #start(name: string, action: () => Promise<void>): void {
    if (this.#beside.has(name)) return;
    this.#beside.set(name, action().catch(this.#instance.fail).finally(() => this.#beside.delete(name)));
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

  /** Where the sources end, which reading tells no more while nothing is taken: the lag would stand still. */
  async #findEnds(): Promise<void> {
    const { hosts, ports: { log } } = this.#instance;
    try {
      for (const topic of new Set([...hosts.values()].flatMap((host) => host.topics))) {
        const { end } = await log.offsets(topic);
        for (const host of hosts.values()) host.endsAt(topic, end[host.partition]);
      }
    } catch {
      // The log does not answer; whoever reads from it says so.
    }
  }

  /** Positions as they were before everything that is not evaluated, or not acknowledged by the sinks. */
  async #commit(): Promise<void> {
    const positions = [...this.#instance.hosts.values()].flatMap((host) => {
      if (host.task === null || !host.task.complete) return [];
      const { partition, evaluated } = host;
      const own = host.topics.map((topic, member) => ({ topic, partition, offset: evaluated.positions[member] }));
      // Of a topic that a stream reads, too, the position is the stream's progress.
      const { streams } = this.#instance.topics;
      return [...own.filter(({ topic }) => !streams.has(topic)), {
        topic: host.inboxTopic,
        partition,
        offset: evaluated.inbox,
      }];
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

  /** A comparison that is due takes along every task of its table that was compared before: one question for all. */
  async repair(nowMs: number): Promise<void> {
    const { repairAfterMs, repairEveryMs } = this.#instance.options;
    const complete = [...this.#instance.hosts.values()].filter((host) => host.task?.complete);
    for (const table of new Set(complete.filter((host) => nowMs >= host.nextRepairMs).map((host) => host.table))) {
      if (this.#stopped.signal.aborted) return;
      const hosts = complete.filter((host) =>
        host.table === table && host.task?.complete &&
        (nowMs >= host.nextRepairMs || host.nextRepairMs > host.completedMs + repairAfterMs)
      );
      for (const host of hosts) {
        // One that comes before its time, as a table was gone, does not stand for the first one.
        const firstMs = host.completedMs + repairAfterMs;
        host.nextRepairMs = nowMs < firstMs ? firstMs : nowMs + repairEveryMs;
      }
      await this.#repairTable(hosts);
    }
  }

  /** Compares the rows of tasks of one table with ClickHouse now. */
  async #repairTable(hosts: readonly TaskHost[]): Promise<void> {
    const { ports: { warehouse, clock, metrics }, topology, writers, onEvent } = this.#instance;
    const acknowledged = () => Promise.all([...writers.values()].map((writer) => writer.barrier()));
    const refilling = this.tables.refilling;
    const withTopics = hosts.some((host) => host.comparesTopics);
    for (const host of hosts) host.comparesTopics = false;
    const beganMs = clock.nowMs();
    const skips = ({ table, name }: SinkPlan) => table.output !== undefined && !withTopics && !refilling.has(name);
    try {
      const tasks = hosts.map((host) => host.task!);
      const differences = await repairTasks(tasks, { warehouse, breathe: () => clock.breathe(), acknowledged, skips });
      for (const task of tasks) {
        const own = differences.filter((difference) => difference.task === task);
        const rows = total(own);
        if (rows === 0) continue;
        metrics.count("weir_repaired_rows_total", { topology: topology.name, table: task.table.name }, rows);
        const filled = this.tables.refilling;
        const repaired = total(own.filter(({ sink }) => !refilling.has(sink) && !filled.has(sink)));
        if (repaired > 0) onEvent({ kind: "repaired", task: task.id, rows: repaired });
      }
      for (const [index, host] of hosts.entries()) {
        if (beganMs < host.completedMs + this.#instance.options.repairAfterMs) continue;
        host.comparedTask = tasks[index];
        if (tasks[index].retention !== null) tasks[index].retention.compared = true;
      }
      if (refilling.size > 0) await acknowledged();
      this.tables.compared(differences, refilling);
    } catch {
      for (const host of hosts) host.comparesTopics ||= withTopics;
      // ClickHouse does not answer; the writers say so. A table that is filled again is compared again at once.
      const waits = hosts.some(({ table }) =>
        outputsOf(table).some(({ sink }) => this.tables.refilling.has(sink.name))
      );
      if (waits) { for (const host of hosts) host.nextRepairMs = 0; }
    }
  }

  /** Sets the gauges. */
  report(nowMs: number): void {
    const { ports: { metrics }, options } = this.#instance;
    const topology = this.#instance.topology.name;
    const states = new Map<string, number>([["starting", 0], ["loading", 0], ["joining", 0], ["running", 0], [
      "waiting",
      0,
    ]]);
    for (const host of this.#instance.hosts.values()) {
      states.set(host.state, (states.get(host.state) ?? 0) + 1);
    }
    this.#tasks.report(nowMs);
    reportStandbys(this.#instance);
    for (const [state, count] of states) metrics.gauge("weir_tasks", { topology, state }, count);
    for (const [sink, writer] of this.#instance.writers) {
      metrics.gauge("weir_sink_pending_rows", { topology, sink }, writer.pendingRows);
      metrics.gauge("weir_sink_pending_bytes", { topology, sink }, writer.pendingBytes);
      metrics.gauge("weir_sink_pending_limit_rows", { topology, sink }, options.sinkRowsMax);
      metrics.gauge("weir_sink_pending_limit_bytes", { topology, sink }, options.sinkBytesMax);
    }
    for (const [table, keys] of staleKeys(this.#instance)) {
      metrics.gauge("weir_stale_keys", { topology, table }, keys);
    }
    metrics.gauge("weir_global_rows", { topology }, this.#instance.context.globals.size);
    metrics.gauge("weir_global_lag_records", { topology }, this.#instance.globals.lag);
    metrics.gauge("weir_ready", { topology }, this.#ready() && this.#instance.problems.passing().length === 0 ? 1 : 0);
  }
}

function total(differences: readonly Difference[]): number {
  return differences.reduce((sum, { rows }) => sum + rows, 0);
}
