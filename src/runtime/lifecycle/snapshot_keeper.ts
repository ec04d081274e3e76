import type { PartitionOffsets } from "../../ports/log.ts";
import type { TaskTable } from "../../plan/physical.ts";
import { retentionOf } from "../../plan/retention.ts";
import { outputsOf } from "../../plan/outputs_of.ts";
import { ProductionError } from "../../record/errors.ts";
import { SnapshotReader, SnapshotWriter } from "../../state/snapshot_file.ts";
import type { Task } from "../task/task.ts";
import { giveBackShown, shownLent, shownSums } from "../task/shown_base.ts";
import { evaluateAll, prepareSave, restoreRows, restoreTask, saveTask } from "../task/task_snapshot.ts";
import type { SinkWriter } from "../delivery/sink_writer.ts";
import type { RunOptions } from "../options.ts";
import type { Ports } from "../ports.ts";
import type { Problems } from "../problems.ts";
import type { RunEvent } from "../run_event.ts";
import { planPrint, type Revision, rowsPrint } from "./plan_print.ts";
import { firstExchanged, whyExchanged } from "./leaders.ts";
import { headOf, headText, type Remembered, rememberedOf, type SnapshotHead, whyUnfit } from "./snapshot_head.ts";
import type { TaskHost } from "./task_host.ts";
import type { Topics } from "./topics.ts";

/** A snapshot is loaded for so long at a time, and one step more. */
const TURN_MS = 10;
/** For the last ones; a second is enough for 200 MB. */
const GRACE_MS = 5_000;

/** What a task begins with. */
export interface Restored {
  readonly task: Task;
  /** By member of the table: the next offset to read. */
  readonly positions: readonly number[];
  /** Under which leaders what lies before them was read. */
  readonly leaderEpochs: readonly (number | null)[];
  /** Everything below them was all that was written by then, milliseconds since the epoch. */
  readonly freshMs: number;
  /** What was shown when the snapshot was made; null if it gives the rows alone. */
  readonly remembered: Remembered | null;
  /** This instance has read what lies below them, as a standby: the records that could not be read are known. */
  readonly warm?: true;
}

/** What the keeper needs of the instance. */
export interface SnapshotParts {
  readonly topology: { readonly name: string };
  readonly ports: Pick<Ports, "snapshots" | "clock" | "metrics" | "log">;
  readonly options: Pick<RunOptions, "snapshotEveryMs">;
  readonly topics: Topics;
  readonly writers: ReadonlyMap<string, Pick<SinkWriter, "barrier">>;
  readonly problems: Pick<Problems, "list">;
  readonly hosts: ReadonlyMap<string, TaskHost>;
  readonly onEvent: (event: RunEvent) => void;
  /** Records that the task has read were exchanged in the log. */
  readonly onExchanged: (host: TaskHost, reason: string) => void;
}

/** What was taken of a task last, so that nothing is written while nothing changes. */
interface Taken {
  readonly task: Task;
  readonly atMs: number;
  readonly state: string;
}

/**
 * Writes snapshots of running tasks, one after the other, and begins tasks with them. A snapshot only ever takes the
 * place of reading and evaluating what it covers: whatever is wrong with one, the task starts without it. It is
 * published when ClickHouse has acknowledged every row whose digest it holds.
 */
export class SnapshotKeeper {
  readonly #instance: SnapshotParts;
  readonly #plan: string;
  /** By table: see {@link rowsPrint}. */
  readonly #rows = new Map<TaskTable, string | null>();
  readonly #taken = new Map<string, Taken>();
  /** By reason: tasks of which it is not told yet. */
  readonly #ignored = new Map<string, string[]>();
  /** Calls of {@link write} under way. */
  #writing = 0;

  constructor(instance: SnapshotParts, revision: Revision) {
    this.#instance = instance;
    const { plan, partitions } = instance.topics;
    // Of a table that others look up or add up, it matters how many tasks these have.
    this.#plan = planPrint(plan, { ...revision, topologies: JSON.stringify([revision.topologies, partitions]) });
    for (const table of plan.tables) {
      this.#rows.set(table, rowsPrint(table, { weir: revision.weir, partitions: partitions[table.index] }));
    }
  }

  /**
   * Begins a task with its snapshot, if there is one that fits. `begin`: makes the task; one that was made for what
   * turns out to be damaged is thrown away, and null returned.
   * @throws ProductionError, retriable, when the log does not answer
   */
  async restore(
    host: TaskHost,
    offsets: ReadonlyMap<string, PartitionOffsets>,
    begin: () => Task,
  ): Promise<Restored | null> {
    if (!this.#keeps(host)) return null;
    const bytes = await this.#read(host);
    if (bytes === null) return null;
    try {
      const reader = new SnapshotReader(bytes);
      const head = JSON.parse(reader.texts()[0]!) as SnapshotHead;
      const { topology, topics, ports: { clock, log } } = this.#instance;
      const why = whyUnfit(head, {
        topology: topology.name,
        host,
        topics,
        plan: this.#plan,
        rows: this.#rows.get(host.table)!,
        nowMs: clock.nowMs(),
        offsets,
      });
      if (why !== null) return this.#ignore(host, why);
      const exchanged = await whyExchanged(head.sources, { log, partition: host.partition });
      if (exchanged !== null) return this.#ignore(host, exchanged);
      const task = begin();
      const whole = head.plan === this.#plan;
      if (!whole) await this.#inTurns(restoreRows(task, reader));
      else {
        await this.#inTurns(restoreTask(task, reader));
        reader.end();
      }
      const remembered = whole ? rememberedOf(head) : null;
      return {
        task,
        positions: head.sources.map(({ position }) => position),
        leaderEpochs: head.sources.map(({ leaderEpoch }) => leaderEpoch),
        freshMs: head.freshMs,
        remembered,
      };
    } catch (error) {
      // What a damaged file says in JSON is no JSON.
      const lasting = error instanceof ProductionError && !error.retriable;
      if (!(lasting || error instanceof RangeError || error instanceof SyntaxError)) throw error;
      return this.#ignore(host, error.message);
    }
  }

  /** For steps between which whatever else happens may happen, as while a task is nobody's yet. */
  async #inTurns<T>(steps: Generator<void, T>): Promise<T> {
    const { clock } = this.#instance.ports;
    let turnMs = clock.nowMs();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (clock.nowMs() - turnMs < TURN_MS) continue;
      await clock.breathe();
      turnMs = clock.nowMs();
    }
  }

  /** After the start of a task with a snapshot: what it has not evaluated is evaluated behind everything else. */
  catchUp(task: Task): void {
    if (!task.restored || task.catchingUp) return;
    task.catchingUp = true;
    task.chores.add(evaluateAll(task));
  }

  /**
   * Tables of totals are told by others what they hold. Where rows go by age, ClickHouse shows more than anybody keeps,
   * and there is no more to read than is kept.
   */
  #keeps({ topics, table }: TaskHost): boolean {
    return topics.length > 0 && retentionOf(table) === null && this.#instance.options.snapshotEveryMs > 0;
  }

  async #read(host: TaskHost): Promise<Uint8Array | null> {
    try {
      return await this.#instance.ports.snapshots.read(this.#nameOf(host));
    } catch (error) {
      return this.#ignore(host, (error as Error).message);
    }
  }

  #ignore(host: TaskHost, reason: string): null {
    this.#ignored.getOrInsertComputed(reason, () => []).push(host.id);
    return null;
  }

  /** Tells which tasks have begun without their snapshots, once for each reason. */
  tellIgnored(): void {
    for (const [reason, tasks] of this.#ignored) this.#instance.onEvent({ kind: "snapshot ignored", tasks, reason });
    this.#ignored.clear();
  }

  #nameOf(host: TaskHost): string {
    return `${this.#instance.topology.name} ${host.id}`;
  }

  /** Milliseconds that an end may wait for what is being written now. */
  get graceMs(): number {
    return this.#writing > 0 ? GRACE_MS : 0;
  }

  /** Writes the snapshots that are due. `all`: of every task that has changed since its last one. */
  async write(due: "due" | "all"): Promise<void> {
    this.#writing++;
    try {
      await this.#write(due);
    } finally {
      this.#writing--;
    }
  }

  async #write(due: "due" | "all"): Promise<void> {
    const { hosts, options, ports: { clock } } = this.#instance;
    for (const host of [...hosts.values()]) {
      const { task } = host;
      if (task === null || task.closed || !task.complete || !this.#keeps(host) || this.#isBlind(host)) continue;
      const nowMs = clock.nowMs();
      const last = this.#taken.get(host.id);
      const state = `${host.positions} ${host.inboxPosition} ${task.queue.position.entries}`;
      if (last?.task === task && last.state === state) continue;
      // Those of a start wait, too: its tasks would all be due at once.
      const sinceMs = last?.task === task ? last.atMs : host.completedMs;
      if (due === "due" && nowMs - sinceMs < options.snapshotEveryMs) continue;
      await this.#inTurns(prepareSave(task));
      // All of a task is lent in one turn; where files are quick, several would make a long one.
      await clock.breathe();
      // Another leader may have been met meanwhile.
      if (!await this.#isUnbroken(host) || host.task !== task || task.closed || host.crossings.length > 0) continue;
      this.#taken.set(host.id, { task, atMs: nowMs, state });
      await this.#writeOne(host, task);
    }
  }

  /** Whether all that the task has read still stands in the log, as far as that can be told now. */
  async #isUnbroken(host: TaskHost): Promise<boolean> {
    const { ports: { log }, onExchanged } = this.#instance;
    const { task } = host;
    const crossings = host.crossings.splice(0);
    try {
      const exchanged = await firstExchanged(crossings, log);
      if (exchanged === null) return true;
      const reason = `records of "${exchanged.topic}" before its position are others now`;
      if (host.task === task) onExchanged(host, reason);
    } catch (error) {
      if (!(error instanceof ProductionError)) throw error;
      if (host.task === task) host.crossings.unshift(...crossings);
    }
    return false;
  }

  /** Whether nobody knows where its topics end: it may have read everything long ago, and not what came since. */
  #isBlind({ topics, partition }: TaskHost): boolean {
    const unread = new Set(["log", ...topics.map((topic) => `reading ${topic}/${partition}`)]);
    return this.#instance.problems.list().some(({ name }) => unread.has(name));
  }

  async #writeOne(host: TaskHost, task: Task): Promise<void> {
    const { ports: { snapshots, clock, metrics }, topology, topics, writers } = this.#instance;
    const result = (name: string) =>
      metrics.count("weir_snapshots_total", { topology: topology.name, result: name }, 1);
    const writer = new SnapshotWriter();
    const shown = shownLent(task);
    try {
      const rows = this.#rows.get(host.table)!;
      const head = headOf(host, { topology: topology.name, topics, plan: this.#plan, rows, nowMs: clock.nowMs() });
      saveTask(task, writer);
      // Asked for in the same turn: what is put later is not in the snapshot.
      const acknowledged = Promise.all(
        outputsOf(host.table).map(({ sink }) => writers.get(sink.name)!.barrier()),
      );
      const sums = await this.#inTurns(shownSums(shown));
      giveBackShown(shown);
      const staged = await snapshots.write(this.#nameOf(host), writer.end([headText(head, sums)]));
      await acknowledged;
      // A task that ended meanwhile may have left rows behind that nobody acknowledged.
      const whole = host.task === task && !task.closed;
      await (whole ? staged.publish() : staged.discard());
      if (whole) metrics.count("weir_snapshot_bytes_total", { topology: topology.name }, writer.bytes);
      result(whole ? "published" : "discarded");
    } catch (error) {
      result("failed");
      this.#instance.onEvent({ kind: "snapshot failed", task: host.id, reason: (error as Error).message });
    } finally {
      giveBackShown(shown);
      writer.discard();
    }
  }
}
