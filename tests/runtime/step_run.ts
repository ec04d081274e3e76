import { noSnapshots } from "../../src/ports/snapshots.ts";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import type { Topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { defaultRunOptions, type RunOptions } from "../../src/runtime/options.ts";
import { type Ports, type Revision, type RunEvent, Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock, settle, type StepClock } from "../../src/testing/quiescence.ts";
import { noLetters } from "../letters_to.ts";

/** A log in memory with these compacted topics, by name their partitions, on a clock that stands still. */
export async function openStepLog(
  topics: Readonly<Record<string, number>>,
  settings: Omit<Parameters<typeof openEmbeddedLog>[0], "path" | "clock"> = {},
): Promise<{ readonly clock: StepClock; readonly log: Log }> {
  const clock = createStepClock(createManualClock());
  const log = openEmbeddedLog({ path: ":memory:", clock, ...settings });
  for (const [name, partitions] of Object.entries(topics)) {
    await log.createTopic({ name, partitions, cleanup: "compact", retentionMs: -1 });
  }
  return { clock, log };
}

/** Appends each record to the partition of its key, in the order given. */
export async function appendKeyed(
  log: Log,
  records: Iterable<{ readonly key: string; readonly value: string | null }>,
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
): Promise<void> {
  const batches = Array.from({ length: partitions }, (_, partition) => ({
    topic,
    partition,
    records: [] as { key: string; value: string | null }[],
  }));
  for (const record of records) batches[partitionOf(record.key, partitions)].records.push(record);
  await log.append(batches.filter(({ records }) => records.length > 0));
}

/** What a test gives a run. */
interface StepRunSettings {
  /** The clock that the test lets pass. */
  readonly clock: StepClock;
  /** The log, and what else is not as it is by default: an empty warehouse, no metrics, and no dead letter expected. */
  readonly ports: Pick<Ports, "log"> & Partial<Ports>;
  readonly options?: Partial<RunOptions>;
  readonly revision?: Revision;
}

/** A runner of a topology on a clock that stands still unless the test lets it pass. */
export class StepRun {
  readonly runner: Runner;
  readonly events: RunEvent[] = [];
  /** Why it cannot go on, or null. */
  failure: Error | null = null;
  readonly #clock: StepClock;

  constructor(topology: Topology, { clock, ports, options, revision }: StepRunSettings) {
    this.#clock = clock;
    this.runner = new Runner(topology, {
      clock,
      warehouse: ports.warehouse ?? createMemoryWarehouse(),
      random: { next: () => 0.5 },
      metrics: { count() {}, gauge() {}, observe() {} },
      deadLetters: noLetters,
      snapshots: noSnapshots,
      ...ports,
    }, { options: { ...defaultRunOptions, ...options }, onEvent: (event) => this.events.push(event), revision });
    this.runner.failed.then(this.#fail);
  }

  /** Starts it; that it cannot start is its {@link failure}. */
  start(): this {
    this.runner.start().catch(this.#fail);
    return this;
  }

  /** Why its tasks were started again. */
  get restarts(): string[] {
    return this.events.flatMap((event) => event.kind === "restart" ? [event.reason] : []);
  }

  /** Until it has nothing left to do. @throws its {@link failure} */
  async settled(): Promise<void> {
    await settle(this.runner, { clock: this.#clock, failure: () => this.failure });
  }

  /** Ends it; time passes until it has ended. */
  async stop(): Promise<void> {
    let stopped = false;
    const stopping = this.runner.stop().finally(() => stopped = true);
    while (!stopped) await this.#clock.pass(100);
    await stopping;
  }

  readonly #fail = (error: Error): void => void (this.failure ??= error);
}
