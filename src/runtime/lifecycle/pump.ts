import type { Fetched } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import { LimitError, ProductionError, RestoreError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { GlobalRights } from "../../state/right_store.ts";
import { NO_SLOT } from "../../state/slots.ts";
import { markChanged } from "../task/task_snapshot.ts";
import type { Assignments } from "./assignments.ts";
import { DeleteGuard } from "./delete_guard.ts";
import { type Instance, isOverloaded, storedRows } from "./instance.ts";
import { ReadProblems } from "./read_problems.ts";
import { TURN_WEIGHT, weightOf } from "./portions.ts";
import { Slice } from "./slice.ts";
import { TimeKeeper } from "./time_keeper.ts";
import { giveUpStandbys } from "./standby.ts";
import type { Task } from "../task/task.ts";
import type { TaskHost } from "./task_host.ts";

const POLL_RETRY_MS = 1_000;
const OVERLOAD_WAIT_MS = 5;
/** What was fetched is taken for so long at a time, and one portion more. */
const TURN_MS = 10;

/**
 * The loop of one instance: fetched records to their tasks, then every busy task a slice of work. Fetching goes on
 * while tasks work; nothing is taken while sinks or inboxes have too much waiting.
 */
export class Pump {
  readonly #instance: Instance;
  readonly #assignments: Assignments;
  readonly #onComplete: () => void;
  readonly #readProblems: ReadProblems;
  readonly #time: TimeKeeper;
  readonly #slices = new WeakMap<Task, Slice>();
  #stopping = false;
  #woken: () => void = () => {};
  /** A poll has ended since the last one began. */
  #polled = false;
  /** A bug was met while polling. */
  #failure: Error | null = null;
  readonly #guard: DeleteGuard;
  /**
   * Timestamp of the records last taken, which are behind whatever any task evaluates next; 0 while a start reads old
   * ones.
   */
  #sourceMs = 0;

  /** `onComplete`: called when a task's start is complete. */
  constructor(instance: Instance, assignments: Assignments, onComplete: () => void) {
    this.#instance = instance;
    this.#assignments = assignments;
    this.#onComplete = onComplete;
    this.#guard = new DeleteGuard(instance);
    this.#readProblems = new ReadProblems(instance.problems);
    this.#time = new TimeKeeper(instance, () => this.#woken());
  }

  /** Ends {@link run} soon. */
  stop(): void {
    this.#stopping = true;
    this.#time.stop();
    this.#woken();
  }

  /** Something became busy while the loop waited for records. */
  wake(): void {
    this.#woken();
  }

  /** Runs until {@link stop}. @throws whatever a task throws: the topology cannot go on then */
  async run(): Promise<void> {
    const { ports: { clock }, busy, loads, intake } = this.#instance;
    let polling: Promise<void> | null = null;
    while (!this.#stopping) {
      const woken = new Promise<void>((resolve) => this.#woken = resolve);
      polling ??= this.#poll().catch((error) => this.#failed(error));
      for (const host of this.#guard.released()) busy.add(host);
      // As with global tables: what is due is not because of the records that were taken last.
      if (this.#time.tick()) this.#sourceMs = 0;
      if (busy.size > 0) await clock.breathe();
      else await Promise.race([polling, woken]);
      while (this.#overloaded() && !this.#stopping) await clock.sleep(OVERLOAD_WAIT_MS);
      if (this.#failure !== null) throw this.#failure;
      if (this.#polled) {
        this.#polled = false;
        polling = null;
        let weight = 0;
        let turnMs = clock.nowMs();
        for (let part = intake.take(); part !== undefined && !this.#stopping; part = intake.take()) {
          this.#take(part);
          weight += weightOf(part.records);
          if (weight < TURN_WEIGHT / 2 && clock.nowMs() - turnMs < TURN_MS) continue;
          weight = 0;
          await clock.breathe();
          turnMs = clock.nowMs();
        }
      }
      loads.advance(intake, clock.nowMs());
      for (const host of [...busy]) {
        if (!busy.has(host)) continue;
        this.#work(host);
        // A slice each: a request takes several turns, which must not be as long as the slices of all tasks.
        if (busy.has(host)) await clock.breathe();
      }
    }
  }

  /** The loop may be busy with something else now, and must end all the same. */
  #failed(error: Error): void {
    this.#failure = error;
    this.#woken();
  }

  async #poll(): Promise<void> {
    const { intake, options, problems, ports } = this.#instance;
    const fetched = await retry(() => intake.fetch(options.pollWaitMs), {
      clock: ports.clock,
      firstMs: POLL_RETRY_MS,
      lastMs: POLL_RETRY_MS,
      // What is no answer of the log is a bug: tried again, it would lose what was fetched, without a word.
      retriable: (error) => error instanceof ProductionError,
      onState: (error) => {
        if (error === null) return;
        problems.set("log", error.message);
        // The reader has given a partition up and does not say which: everything is sought anew, and what cannot be
        // asked for fails there.
        if (!(error as ProductionError).retriable) this.#assignments.restartAll(error.message);
      },
      stopped: () => this.#stopping,
    });
    if (fetched === STOPPED) return;
    problems.set("log", null);
    intake.hold(fetched, (parts) => this.#readProblems.note(parts, (part) => this.#isRead(part)));
    this.#polled = true;
  }

  #isRead({ topic, partition }: Pick<Fetched, "topic" | "partition">): boolean {
    for (const host of this.#instance.hosts.values()) {
      if (host.partition !== partition || host.task === null) continue;
      if (host.inboxTopic === topic || host.topics.includes(topic)) return true;
    }
    return false;
  }

  #take(fetched: Fetched): void {
    for (const host of this.#instance.hosts.values()) {
      if (host.partition !== fetched.partition || host.task === null) continue;
      if (host.inboxTopic !== fetched.topic && !host.topics.includes(fetched.topic)) continue;
      if (host.topics.includes(fetched.topic) && fetched.records.length > 0) {
        host.takenMs = this.#instance.ports.clock.nowMs();
      }
      if (host.topics.length > 0 && fetched.records.length > 0) {
        this.#sourceMs = host.task.complete ? fetched.records[0].timestampMs : 0;
      }
      const trouble = host.take(fetched, this.#sourceMs);
      if (trouble === null) this.#instance.busy.add(host);
      else this.#assignments.restart(host.id, trouble);
    }
  }

  #work(host: TaskHost): void {
    const { busy } = this.#instance;
    const { task } = host;
    busy.delete(host);
    if (task === null || task.closed) return;
    const beganMs = this.#instance.ports.clock.nowMs();
    task.expiry?.advance(beganMs * 1_000);
    const slice = this.#sliceOf(task);
    task.sliceRows = slice.rows;
    task.beginBatch(this.#sourceMs);
    const { complete } = task;
    task.work();
    // Afterwards: the last thing that it waits for may be a chore.
    this.#load(host);
    if (task.ready) this.#finish(host);
    if (task.complete && !complete) this.#completed(host);
    task.endBatch();
    slice.took(this.#instance.ports.clock.nowMs() - beganMs);
    if (task.busy) busy.add(host);
  }

  #sliceOf(task: Task): Slice {
    let slice = this.#slices.get(task);
    if (slice === undefined) this.#slices.set(task, slice = new Slice(this.#instance.options.sliceRows));
    return slice;
  }

  #load(host: TaskHost): void {
    const task = host.task!;
    if (task.loaded || !task.membersKnown || !host.baseRead || !host.caughtUp || task.retention?.waits) return;
    if (!this.#instance.globals.reached(host.globalTargets)) return;
    if (task.restored) {
      host.marking ??= markChanged(task);
      if (!host.marking.next().done) return void this.#instance.busy.add(host);
    }
    task.load();
    host.listen(this.#instance.intake);
  }

  #finish(host: TaskHost): void {
    try {
      if (!this.#guard.allows(host)) return;
    } catch (error) {
      if (!(error instanceof RestoreError)) throw error;
      return this.#instance.fail(error);
    }
    host.task!.finish();
  }

  #completed(host: TaskHost): void {
    host.completedMs = this.#instance.ports.clock.nowMs();
    host.nextRepairMs = host.completedMs + this.#instance.options.repairAfterMs;
    this.#assignments.completed(host);
    this.#instance.snapshots.catchUp(host.task!);
    this.#onComplete();
  }

  /** Tasks that wait for the global tables look again; the others have been told what changed. */
  globalsMoved(): void {
    const { hosts, busy } = this.#instance;
    for (const host of hosts.values()) if (host.task !== null && !host.task.loaded) busy.add(host);
    this.#woken();
  }

  /** A register of a global table has another value for a key: whoever uses it is evaluated again. */
  globalChanged(table: number, step: number, key: Key): void {
    const { hosts, busy } = this.#instance;
    for (const host of hosts.values()) {
      const { task } = host;
      if (task === null) continue;
      host.table.lookups.forEach((lookup, index) => {
        if (!lookup.global || lookup.table !== table || lookup.step !== step) return;
        const right = (task.stores[index] as GlobalRights).changed(key);
        if (right === NO_SLOT) return;
        task.rightChanged(index, right);
        busy.add(host);
        // What is evaluated next is not because of the records that were taken last.
        this.#sourceMs = 0;
      });
    }
  }

  #overloaded(): boolean {
    const { options } = this.#instance;
    const stored = storedRows(this.#instance);
    const tooMany = stored > options.storeEntriesMax;
    // Tasks that run come first.
    if (tooMany && !giveUpStandbys(this.#instance.standbys.values(), "WEIR_STORE_ENTRIES_MAX is reached")) {
      const message =
        `Cannot hold ${stored} rows: the limit is ${options.storeEntriesMax}. Pick fewer columns and raise ` +
        `WEIR_STORE_ENTRIES_MAX, or share the topology between more instances`;
      throw new LimitError("storeEntriesMax", message);
    }
    return isOverloaded(this.#instance);
  }
}
