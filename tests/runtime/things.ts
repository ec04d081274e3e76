import { z } from "zod";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import type { RunOptions } from "../../src/runtime/options.ts";
import type { Ports, Revision } from "../../src/runtime/runner.ts";
import { createMemoryWarehouse, type MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import type { StepClock } from "../../src/testing/quiescence.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

/** The only topic of {@link openThings}. */
export const THINGS = "shop.public.things";

const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

/** What an instance may have of its own. */
interface InstanceOptions extends Partial<Ports> {
  readonly options?: Partial<RunOptions>;
  readonly revision?: Revision;
}

/** A topic of things shown in a table of the same columns, on a clock that stands still; any number of instances. */
class Things {
  readonly clock: StepClock;
  readonly log: Log;
  readonly memory: MemoryWarehouse = createMemoryWarehouse();
  readonly #partitions: number;
  readonly #runs: StepRun[] = [];

  constructor(place: { readonly clock: StepClock; readonly log: Log }, partitions: number) {
    this.clock = place.clock;
    this.log = place.log;
    this.#partitions = partitions;
  }

  /** Appends a record for each thing: its name, or (null) its tombstone. */
  async put(names: Iterable<readonly [number, string | null]>): Promise<void> {
    const records = Array.from(names, ([id, name]) => ({
      key: `{"id":${id}}`,
      value: name === null ? null : JSON.stringify({ op: "r", after: { id, name } }),
    }));
    await appendKeyed(this.log, records, { topic: THINGS, partitions: this.#partitions });
  }

  /** Starts an instance. */
  spawn({ options, revision, ...ports }: InstanceOptions = {}): StepRun {
    const { clock, log, memory: warehouse } = this;
    const run = new StepRun(shown, { clock, ports: { log, warehouse, ...ports }, options, revision }).start();
    this.#runs.push(run);
    return run;
  }

  /** Lets time pass until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    await this.clock.drained();
    for (let step = 0; !condition(); step++) {
      if (step === 10_000) throw new TypeError(`Cannot wait for ${condition}: it never comes true`);
      await this.clock.pass(10);
    }
  }

  /** The names shown, by id. */
  names(): Map<number, string> {
    return new Map(this.memory.select("things").map(({ id, name }) => [Number(id), String(name)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run.stop();
    await this.log.close();
  }
}

/** Makes the topic and its place. */
export async function openThings(
  { partitions, log }: { readonly partitions: number; readonly log?: Parameters<typeof openStepLog>[1] },
): Promise<Things> {
  return new Things(await openStepLog({ [THINGS]: partitions }, log), partitions);
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
