import type { Topology } from "../../dsl/topology.ts";
import type { Runner, StartReport } from "../../runtime/runner.ts";
import type { Failure } from "./failure.ts";
import type { TopologyState } from "./status.ts";

/** A topology as `/readyz`, metrics and the status show it. */
export interface ShownRun {
  readonly name: string;
  readonly state: TopologyState;
  /** Null while nothing of it runs. */
  readonly runner: Runner | null;
  /** Null for what is none. */
  readonly topology: Topology | null;
  readonly started: readonly StartReport[] | null;
  /** Why it failed; null when it did not, or runs again. */
  readonly failure: Failure | null;
  /** What is wrong now. */
  problems(): string[];
  /** Why it is not ready to be relied on; empty when it is. */
  unready(): string[];
}

/**
 * Something that failed for as long as this process lives, as it stands among the topologies: a file that gave none.
 * `remedy`: what to do, behind the reason.
 */
export function failedForGood(
  name: string,
  { failure, remedy }: { readonly failure: Failure; readonly remedy: string },
): ShownRun {
  const problem = `${failure.reason} (not tried again: ${remedy})`;
  return {
    name,
    state: "failed",
    runner: null,
    topology: null,
    started: null,
    failure,
    problems: () => [problem],
    unready: () => [`failed: ${problem}`],
  };
}

/** The topologies that do not run for a reason that does not pass by itself. */
export function failedRuns(runs: readonly ShownRun[]): { readonly name: string; readonly reason: string }[] {
  return runs.flatMap(({ name, state, failure }) =>
    state === "failed" && failure !== null ? [{ name, reason: failure.reason }] : []
  );
}

/** The topologies that failed, one line each. */
export function failedLines(runs: readonly ShownRun[]): string[] {
  return failedRuns(runs).map(({ name, reason }) => `${name} failed: ${reason}`);
}

/** The topologies that run and hold rows whose computation failed at their start, one line each. */
export function degradedLines(runs: readonly ShownRun[]): string[] {
  return runs.filter(({ state }) => state === "degraded")
    .map((run) => `${run.name} is degraded: ${run.problems().join("; ")}`);
}

/** What decides that an end is not a good one. */
export function troubleLines(runs: readonly ShownRun[]): string[] {
  return [...failedLines(runs), ...degradedLines(runs)];
}
