import type { RowCounts } from "../../runtime/stores/row_counts.ts";
import type { InstanceEvent } from "../start/kept_events.ts";
import type { Status, TopologyState } from "../start/status.ts";

/** What became of the rows at an operator: of all that passed, and of those that are there now. */
export interface NodeCounters extends RowCounts {
  /** Null for operators of streams. */
  readonly rows: RowCounts | null;
}

/** One task and who has it. */
export interface TaskState {
  readonly id: string;
  readonly state: string;
  readonly lag: number;
  readonly instance: string;
}

/** How a topology stands on one instance, or on all of them. */
export interface WatchedTopology {
  readonly name: string;
  /** Of several instances the one that most asks for somebody. */
  readonly state: TopologyState;
  /** Change records taken from source topics, and rows and tombstones acknowledged by ClickHouse. */
  readonly changesPerSecond: number;
  readonly rowsPerSecond: number;
  /** Until all tasks run, as known; null when they do, and while nothing can be told. */
  readonly secondsLeft: number | null;
  /** Dead letters that still apply. */
  readonly deadLetters: number;
  /** By node of the graph. */
  readonly counters: Readonly<Record<string, NodeCounters>>;
  /** Nodes whose rows every instance has. */
  readonly everywhere: readonly string[];
  /** Records not read yet, by topic. */
  readonly lag: Readonly<Record<string, number>>;
  readonly tasks: readonly TaskState[];
  readonly problems: readonly string[];
  /** Those of them that are about a join, by its node. */
  readonly joinProblems: Readonly<Record<string, readonly string[]>>;
}

/** How one instance stands. */
export interface LocalState {
  readonly at: number;
  readonly instance: string;
  readonly status: Status;
  /** Where its dead letters are kept: instances that keep them in one place count the same ones. */
  readonly lettersIn: string;
  readonly topologies: readonly WatchedTopology[];
  /** What happened since its process began, and how those before it ended, the newest first. */
  readonly events: readonly InstanceEvent[];
  readonly memory: { readonly heapBytes: number; readonly externalBytes: number; readonly rssBytes: number };
}

/** An instance, as far as it can be asked. */
export interface InstanceState {
  readonly instance: string;
  /** The one that was asked. */
  readonly here: boolean;
  /** Why it has told nothing; null if it has. */
  readonly problem: string | null;
  readonly tasks: number;
  /** Dead letters that still apply, and that its page shows. */
  readonly deadLetters: number;
  readonly uptimeMs: number | null;
  readonly memory: LocalState["memory"] | null;
}

/** How all instances of the topologies stand, as the one that is asked has found out. */
export interface GatheredState extends Omit<LocalState, "instance" | "lettersIn" | "events"> {
  /** The newest of all of them. */
  readonly events: readonly (InstanceEvent & { readonly instance: string })[];
  readonly instances: readonly InstanceState[];
}
