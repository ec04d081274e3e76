import type { StartReport } from "../../runtime/runner.ts";
import type { ContinuousProof } from "../proof/proof_report.ts";
import type { Proof } from "../verify/proof.ts";

/**
 * Where one topology stands: `degraded` while it runs, and holds rows whose computation failed at its start; `waiting`
 * for its next try after something that passes; `failed` for a reason that somebody must look at, whether or not it is
 * tried again; `ended` because it was told to.
 */
export const TOPOLOGY_STATES = ["starting", "running", "degraded", "waiting", "failed", "ended"] as const;
export type TopologyState = typeof TOPOLOGY_STATES[number];

export interface TopologyStatus {
  readonly name: string;
  readonly state: TopologyState;
  readonly tasksRunning: number;
  readonly tasks: number;
  /** Tasks of other instances whose rows this one keeps. */
  readonly standbys: number;
  /** Change records taken from source topics since the start, and a second. */
  readonly changes: number;
  readonly changesPerSecond: number;
  /** Rows and tombstones acknowledged by ClickHouse since the start, and a second. */
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** Source records not read yet, as known; while tasks start, rows not evaluated yet count. */
  readonly lag: number;
  /** Until all tasks run, by the rate of the last seconds; null when they do, and while nothing can be told. */
  readonly secondsLeft: number | null;
  /** Those that still apply, of earlier runs, too. */
  readonly deadLetters: number;
  /** What the last start did; null before it was complete. */
  readonly started: readonly StartReport[] | null;
  readonly problems: readonly string[];
}

export interface DemoStatus {
  readonly seed: number;
  readonly ratePerSecond: number;
  readonly changesWritten: number;
  readonly paused: boolean;
  /** Rows of the initial snapshot sent; null when it was done before. */
  readonly snapshot: { readonly rows: number; readonly rowsTotal: number } | null;
}

/** How a running `start` stands, as plain data: what the screen shows, and of which the log tells the changes. */
export interface Status {
  readonly mode: "embedded" | "real";
  readonly uptimeMs: number;
  /** When the process began, milliseconds since the epoch: another process has another one. */
  readonly startedAt: number;
  /** Data directory. */
  readonly data: string;
  /** What listens where, by name. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly demo: DemoStatus | null;
  readonly topologies: readonly TopologyStatus[];
  /** Result of the last `verify` on this data. */
  readonly proof: Proof | null;
  /** What is compared while everything runs, and what that has found. */
  readonly continuous: ContinuousProof;
  /** What is being done to end; null while running. */
  readonly ending: string | null;
}

/** Whether a topology does all its work here: it has tasks, and all of them run. */
export function allTasksRun(
  { state, tasks, tasksRunning }: Pick<TopologyStatus, "state" | "tasks" | "tasksRunning">,
): boolean {
  return (state === "running" || state === "degraded") && tasks > 0 && tasksRunning === tasks;
}

/** Whether tasks are on their way to running. */
export function isLoading(topology: Pick<TopologyStatus, "state" | "tasks" | "tasksRunning">): boolean {
  return (topology.state === "starting" || topology.state === "running") && !allTasksRun(topology);
}

/** How far the demo store's snapshot is; null unless it is under way. */
export function snapshotUnderWay({ demo }: Status): DemoStatus["snapshot"] {
  const snapshot = demo?.snapshot ?? null;
  return snapshot !== null && snapshot.rows < snapshot.rowsTotal ? snapshot : null;
}
