import { horizonName, horizonRecord } from "../../formats/changelog_horizon.ts";
import { outputsOf } from "../../plan/outputs_of.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import { buryGone, type Retention, writeInherited } from "../task/retention.ts";
import type { Task } from "../task/task.ts";
import type { Instance } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

const LOOK_MS = 100;

/** What telling horizons needs. */
export interface HorizonParts {
  /** Sinks whose tables somebody dropped, and that are being filled. */
  readonly refilling: () => ReadonlyMap<string, unknown>;
  /** Aborted when nothing is told any more. */
  readonly stopped: AbortSignal;
}

/** A task whose horizon is to be told. */
interface Telling {
  readonly host: TaskHost;
  readonly task: Task;
  readonly retention: Retention;
  /** Windows that began then or before: their events are too late. */
  readonly atUs: number;
}

/**
 * Tells in the changelogs of windows that go by age how far these are final and shown: then nobody need keep them. What
 * is told is true for ever. So it is told when the task has read all that is made of the events of these windows and
 * has shown it, when nothing that a former incarnation has written can come any more and hide it, and when no later one
 * had begun by then. The algorithm's model (`tests/model/streams/retention`) has what goes wrong otherwise.
 */
export class Horizons {
  readonly #instance: Instance;
  readonly #parts: HorizonParts;
  /** By task, and its incarnation: under which name it tells. */
  readonly #names = new Map<string, { readonly task: Task; readonly name: string }>();

  #namesEver = 0;

  constructor(instance: Instance, parts: HorizonParts) {
    this.#instance = instance;
    this.#parts = parts;
  }

  /** Tells what is due now. */
  async look(): Promise<void> {
    const due = [...this.#instance.hosts.values()].flatMap((host) => this.#due(host) ?? []);
    await Promise.all(due.map((telling) => this.#tell(telling)));
  }

  /** Null: there is nothing to tell of this task, or it must not be told now. */
  #due(host: TaskHost): Telling | null {
    const { task, comparedTask } = host;
    const retention = task?.retention ?? null;
    if (task === null || retention === null || !task.complete || comparedTask !== task) return null;
    const atUs = retention.dueUs;
    const isWorthIt = atUs > -Infinity && atUs - retention.stepUs >= retention.horizonUs;
    return isWorthIt && this.#isSound(host, task) ? { host, task, retention, atUs } : null;
  }

  /** Whether what ClickHouse shows is what the task has computed, or is about to be. */
  #isSound({ table }: TaskHost, { sinks, source }: Task): boolean {
    const refilling = this.#parts.refilling();
    return !outputsOf(table).some(({ sink }) => refilling.has(sink.name)) &&
      sinks.every(({ heldRows }) => heldRows === 0) && source.stale.every(({ size, unknown }) => size + unknown === 0);
  }

  async #tell(telling: Telling): Promise<void> {
    const { host, task, atUs } = telling;
    try {
      if (!await this.#isShown(telling)) return;
      const proof = task.conversation.proveOwn();
      task.endBatch();
      if (!await this.#until(telling, () => task.conversation.ownRead >= proof)) return;
      await this.#append(telling);
      this.#instance.ports.metrics.gauge("weir_horizon_timestamp_seconds", {
        topology: this.#instance.topology.name,
        table: host.table.name,
        partition: String(host.partition),
      }, atUs / 1_000_000);
    } catch (error) {
      // The log does not answer; whoever reads from it says so, and the next look comes.
      if (!(error instanceof ProductionError)) throw error;
    }
  }

  /** Resolves to true when all that is made of these windows is acknowledged by ClickHouse. */
  async #isShown(telling: Telling): Promise<boolean> {
    const { host, task } = telling;
    const { ports: { log }, writers } = this.#instance;
    const [topic] = host.topics;
    // What was compacted away where it read stands before this end.
    const { end } = await log.offsets(topic);
    if (!await this.#until(telling, () => host.positions[0] >= end[host.partition])) return false;
    const mark = task.queue.position;
    if (!await this.#until(telling, () => task.queue.passed(mark))) return false;
    buryGone(task, telling.atUs);
    if (!await this.#writtenOnce(telling)) return false;
    await Promise.all(outputsOf(host.table).map(({ sink }) => writers.get(sink.name)!.barrier()));
    // Of a task that ends the rows may have been thrown away.
    return this.#goesOn(telling) && this.#isSound(host, task);
  }

  /** Resolves to false if the task has ended before. */
  async #writtenOnce(telling: Telling): Promise<boolean> {
    const { task, atUs } = telling;
    for (;;) {
      const more = writeInherited(task, atUs);
      task.endBatch();
      if (!more) return true;
      await this.#instance.ports.clock.breathe();
      if (!this.#goesOn(telling)) return false;
    }
  }

  #goesOn({ host, task }: Telling): boolean {
    return !this.#parts.stopped.aborted && host.task === task && !task.closed;
  }

  /** Resolves to false if the task has ended before. */
  async #until(telling: Telling, reached: () => boolean): Promise<boolean> {
    while (this.#goesOn(telling) && !reached()) {
      await this.#instance.ports.clock.sleep(LOOK_MS, this.#parts.stopped);
    }
    return this.#goesOn(telling);
  }

  /** @throws ProductionError */
  async #append(telling: Telling): Promise<void> {
    const { retention, atUs } = telling;
    const name = this.#nameOf(telling);
    const former = [...retention.names].filter((other) => other !== name);
    if (!await this.#written(telling, [horizonRecord({ name, atUs })])) return;
    // There is a greater one now.
    if (former.length === 0) return;
    if (!await this.#written(telling, former.map((key) => ({ key, value: null })))) return;
    for (const key of former) retention.names.delete(key);
  }

  /** Resolves to false if it was stopped. @throws ProductionError */
  async #written(
    { host }: Telling,
    records: readonly { readonly key: string; readonly value: string | null }[],
  ): Promise<boolean> {
    const { ports: { log, clock } } = this.#instance;
    let failed = false;
    const done = await retry(() => log.append([{ topic: host.topics[0], partition: host.partition, records }]), {
      clock,
      ...SERVICE_WAITS,
      onState: (error) => failed ||= error !== null,
      stopped: () => this.#parts.stopped.aborted,
    });
    // What was sent may still come, and would hide what is told next under the same name.
    if (failed || done === STOPPED) this.#names.delete(host.id);
    return done !== STOPPED;
  }

  #nameOf({ host: { id }, task }: Telling): string {
    const known = this.#names.get(id);
    if (known?.task === task) return known.name;
    const random = Math.floor(this.#instance.ports.random.next() * 2 ** 48).toString(36);
    const name = horizonName(`${task.epoch}.${++this.#namesEver}.${random}`);
    this.#names.set(id, { task, name });
    return name;
  }
}
