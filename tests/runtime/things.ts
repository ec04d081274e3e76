import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Metrics } from "../../src/ports/metrics.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { defaultRunOptions, type RunOptions } from "../../src/runtime/options.ts";
import { type RunEvent, Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse, type MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock, settle, type StepClock } from "../../src/testing/quiescence.ts";

/** The only topic of {@link openThings}. */
export const THINGS = "shop.public.things";

const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

/** One instance of the topology. */
interface ThingsInstance {
  readonly runner: Runner;
  readonly events: RunEvent[];
  failure: Error | null;
}

/** What an instance may have of its own. */
interface InstanceOptions {
  readonly options?: Partial<RunOptions>;
  readonly warehouse?: Warehouse;
  readonly log?: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

/** A topic of things shown in a table of the same columns, on a clock that stands still; any number of instances. */
class Things {
  readonly clock: StepClock = createStepClock(createManualClock());
  readonly log: ReturnType<typeof openEmbeddedLog>;
  readonly memory: MemoryWarehouse = createMemoryWarehouse();
  readonly #partitions: number;
  readonly #runners: Runner[] = [];

  constructor({ partitions, log }: { readonly partitions: number; readonly log?: object }) {
    this.#partitions = partitions;
    this.log = openEmbeddedLog({ path: ":memory:", clock: this.clock, ...log });
  }

  /** Makes the topic. */
  async create(): Promise<void> {
    const { log } = this;
    await log.createTopic({ name: THINGS, partitions: this.#partitions, cleanup: "compact", retentionMs: -1 });
  }

  /** Appends a record for each thing: its name, or (null) its tombstone. */
  async put(names: Iterable<readonly [number, string | null]>): Promise<void> {
    const batches = Array.from({ length: this.#partitions }, (_, partition) => ({
      topic: THINGS,
      partition,
      records: [] as { key: string; value: string | null }[],
    }));
    for (const [id, name] of names) {
      const key = `{"id":${id}}`;
      const value = name === null ? null : JSON.stringify({ op: "r", after: { id, name } });
      batches[partitionOf(key, this.#partitions)].records.push({ key, value });
    }
    await this.log.append(batches.filter(({ records }) => records.length > 0));
  }

  /** Starts an instance. */
  spawn(
    { options, warehouse = this.memory, log = this.log, metrics, clock = this.clock }: InstanceOptions = {},
  ): ThingsInstance {
    const events: RunEvent[] = [];
    const runner = new Runner(shown, {
      log,
      warehouse,
      clock,
      random: { next: () => 0.5 },
      metrics: metrics ?? { count() {}, gauge() {}, observe() {} },
      deadLetters: { put: (letters) => Promise.reject(new Error(`${letters.length} dead letters`)) },
    }, { options: { ...defaultRunOptions, ...options }, onEvent: (event) => events.push(event) });
    const instance: ThingsInstance = { runner, events, failure: null };
    const fail = (error: Error) => void (instance.failure ??= error);
    runner.failed.then(fail);
    runner.start().catch(fail);
    this.#runners.push(runner);
    return instance;
  }

  /** Until the instance has nothing left to do. */
  async settled(instance: ThingsInstance): Promise<void> {
    await settle(instance.runner, { clock: this.clock, failure: () => instance.failure });
  }

  /** Lets time pass until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    await this.clock.drained();
    for (let step = 0; !condition(); step++) {
      if (step === 10_000) throw new TypeError(`Cannot wait for ${condition}: it never comes true`);
      await this.clock.pass(10);
    }
  }

  /** Ends an instance. */
  async stop(runner: Runner): Promise<void> {
    let stopped = false;
    const stopping = runner.stop().finally(() => stopped = true);
    while (!stopped) await this.clock.pass(100);
    await stopping;
  }

  /** The names shown, by id. */
  names(): Map<number, string> {
    return new Map(this.memory.select("things").map(({ id, name }) => [Number(id), String(name)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const runner of this.#runners) await this.stop(runner);
    await this.log.close();
  }
}

/** A {@link Things} whose topic is there. */
export async function openThings(options: ConstructorParameters<typeof Things>[0]): Promise<Things> {
  const things = new Things(options);
  await things.create();
  return things;
}

/** A warehouse whose inserts wait while it is shut. */
export function gated(memory: Warehouse): { readonly warehouse: Warehouse; shut(): void; open(): void } {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  return {
    warehouse: {
      ...memory,
      async insert(batch) {
        await gate.promise;
        await memory.insert(batch);
      },
    },
    shut: () => void (gate = Promise.withResolvers<void>()),
    open: () => gate.resolve(),
  };
}
