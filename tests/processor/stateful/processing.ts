import { assertEquals } from "@std/assert";
import type { ProcessorContext } from "../../../src/dsl/processors.ts";
import type { Store, StoreSpec } from "../../../src/dsl/processor_stores.ts";
import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import type { StatefulPorts } from "../../../src/processor/stateful/stateful.ts";
import { type ProcessSpec, StreamProcess } from "../../../src/processor/stateful/stream_process.ts";
import { give, type Machine, machine, WALL_CLOCK } from "./join_run.ts";
import { type Caused, runStage } from "./simulated_stage.ts";

/** What a processor of these tests sees. */
export type Context = ProcessorContext<{ id: string }, { of: Store<unknown>; counts: Store<number> }>;

/** Key-value stores. */
export const texts = (...names: readonly string[]): StoreSpec[] => names.map((name) => ({ name, kind: "key-value" }));

/** A processor with two stores, if it is not told others. */
export function processing(spec: Partial<ProcessSpec>): Machine {
  const whole = {
    stores: texts("of", "counts"),
    process: () => [],
    punctuate: null,
    punctuateWallClock: null,
    ...spec,
  };
  return machine((ports) => new StreamProcess(whole, ports));
}

/** An event of a key. */
export const event = (id: string, value: unknown, { at = 0 } = {}): JoinedEvent => ({
  input: 0,
  key: { id },
  value,
  timestampUs: at,
});

/** Gives it events one after the other. Returns values and times of all results. */
export function take(run: Machine, ...events: readonly JoinedEvent[]): unknown[] {
  return events.flatMap((one, offset) => {
    give(run, { event: one, offset });
    return run.results().map(({ value, timestampUs }) => [value, timestampUs]);
  });
}

/** A record that says how far the wall clock is. */
export const clock = (at: number): JoinedEvent => ({ input: 0, key: null, value: WALL_CLOCK, timestampUs: at });

/** Runs a machine with and without crashes, and compares what comes out. Returns how many processes there were. */
export function judged(
  { events, make, wanted }: {
    readonly events: readonly JoinedEvent[];
    readonly make: (ports: StatefulPorts) => StreamProcess;
    readonly wanted: readonly Caused[];
  },
  random: () => number,
): number {
  assertEquals(runStage(events, make, { random, crash: 0, write: 0, cut: 0 }).runs[0].caused, wanted);
  const { runs } = runStage(events, make, { random, crash: 0.05, write: 0.15, cut: 0.1 });
  const out = wanted.map(() => new Map<string, readonly string[]>());
  for (const { from, caused, outTo } of runs) {
    for (const [index, results] of caused.entries()) {
      for (const [key, texts] of results) {
        assertEquals(texts, wanted[from + index].get(key), `event ${from + index} of ${key}`);
        if (from + index < outTo) out[from + index].set(key, texts);
      }
    }
  }
  assertEquals(out, wanted);
  return runs.length;
}
