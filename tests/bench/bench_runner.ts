import { systemClock } from "../../src/adapters/local/system_clock.ts";
import type { Topology } from "../../src/mod.ts";
import { noSnapshots } from "../../src/ports/snapshots.ts";
import { defaultRunOptions, type RunOptions } from "../../src/runtime/options.ts";
import type { Ports } from "../../src/runtime/ports.ts";
import type { RunEvent } from "../../src/runtime/run_event.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { noLetters } from "../letters_to.ts";

/** What is wanted of a run beside what is usual. */
interface BenchSettings {
  readonly options?: Partial<RunOptions>;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * A topology that is run to be measured: ports that are not given do nothing, the clock is the machine's, and a failure
 * ends the process with it.
 */
export function benchRunner(
  topology: Topology,
  ports: Partial<Ports> & Pick<Ports, "log" | "warehouse">,
  { options, onEvent }: BenchSettings = {},
): Runner {
  const all: Ports = {
    clock: systemClock,
    random: { next: Math.random },
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: noLetters,
    snapshots: noSnapshots,
    ...ports,
  };
  const runner = new Runner(topology, all, { options: { ...defaultRunOptions, ...options }, onEvent });
  runner.failed.then((error) => {
    console.error(error);
    Deno.exit(1);
  });
  return runner;
}
