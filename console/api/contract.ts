import type { DeadLetter } from "../../src/ports/dead_letters.ts";
import type { TopologyDescription } from "../../src/plan/description.ts";
import type { Status } from "../../src/cli/start/status.ts";

/** What the console reads of an instance. Types of the server itself wherever it has them, so that both stay alike. */

export type NodeKind = "source" | "stream" | "operator" | "stage" | "global" | "sink" | "output";

/** A place that rows come from, pass or go to. */
export interface PlanNode {
  readonly id: string;
  readonly label: string;
  readonly kind: NodeKind;
  readonly detail: readonly string[];
}

/** How rows travel: within a task, as messages between tasks, to every instance, by a topic, or out. */
export type EdgeKind = "local" | "subscribed" | "replicated" | "repartition" | "write";

export interface PlanEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
}

export interface PlannedTopology {
  readonly name: string;
  readonly description: TopologyDescription;
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
}

/** `GET /api/plan` */
export interface Plan {
  readonly version: 1;
  readonly topologies: readonly PlannedTopology[];
}

/** Rows counted at one node since the process started. */
export interface Counters {
  readonly in: number;
  readonly out: number;
  readonly filtered?: number;
  readonly joined?: number;
  readonly withoutPartner?: number;
  readonly nullKeys?: number;
  readonly waiting?: number;
  readonly errors?: number;
}

export interface TaskState {
  readonly id: string;
  readonly state: string;
  readonly lag: number;
  /** Instance that has it; the one asked where it is absent. */
  readonly instance?: string;
}

export interface LiveTopology {
  readonly name: string;
  readonly counters: Readonly<Record<string, Counters>>;
  /** Records behind, by topic. */
  readonly lag: Readonly<Record<string, number>>;
  readonly tasks: readonly TaskState[];
}

/** One process of the group. */
export interface InstanceState {
  readonly url?: string;
  readonly name?: string;
  /** Why it could not be asked. */
  readonly error?: string | null;
  readonly tasks?: readonly TaskState[] | number;
  readonly [field: string]: unknown;
}

/** Data of `event: state` of `GET /api/state`. */
export interface LiveState {
  readonly at: number;
  readonly status: Status;
  readonly topologies: readonly LiveTopology[];
  readonly memory: { readonly heapBytes: number; readonly externalBytes: number; readonly rssBytes: number };
  readonly instances: readonly InstanceState[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Data of `event: row` of `GET /api/tap/<topology>/<node>`; a row that is gone is null. */
export interface TappedRow {
  readonly at: number;
  readonly key: unknown;
  readonly row: Row | null;
}

export interface Lookup {
  readonly table: string;
  readonly key: unknown;
  readonly outcome: string;
  readonly row: Row | null;
}

export interface ExplainedStep {
  readonly operator: string;
  readonly op: string;
  readonly outcome: string;
  readonly sentence: string;
  readonly lookup?: Lookup;
  readonly row: Row | null;
}

/** `GET /api/explain/<topology>/<table>/<key>` */
export interface Explanation {
  readonly topology: string;
  readonly table: string;
  readonly key: Row;
  readonly outcome: string;
  readonly sentence: string;
  readonly source: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number | string;
    readonly timestampMs: number;
    readonly row: Row | null;
  } | null;
  readonly steps: readonly ExplainedStep[];
  readonly shown: {
    readonly task: string;
    readonly version: number | string;
    readonly row: Row | null;
    readonly digestsEqual: boolean;
  } | null;
  readonly totals: readonly { readonly table: string; readonly group: unknown; readonly adds: Row }[];
  readonly deadLetters: readonly Partial<Letter>[];
  readonly contributors?: { readonly rows: readonly Row[]; readonly next: string | null };
}

export interface Attempt {
  readonly timestampMs?: number;
  readonly outcome?: string;
  readonly sentence?: string;
  readonly [field: string]: unknown;
}

export type Letter = DeadLetter & {
  readonly id: string;
  readonly attempts: readonly Attempt[];
  readonly resolved?: unknown;
};

/** `GET /api/dead-letters` */
export interface Letters {
  readonly letters: readonly Letter[];
  readonly open: number;
  readonly resolved: number;
  readonly reasons: readonly {
    readonly topology: string;
    readonly stage: string;
    readonly reason: string;
    readonly letters: number;
  }[];
  readonly next: string | null;
}

/** `POST /api/dead-letters/replay` */
export interface Replay {
  readonly results: readonly {
    readonly id: string;
    readonly outcome: "replayed" | "refused" | "failed";
    readonly sentence: string;
  }[];
}

/** `POST /api/query` */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rowsRead: number | string;
  readonly elapsedMs: number;
  readonly truncated: boolean;
}
