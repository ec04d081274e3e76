import type { KeptLetter } from "../../src/adapters/local/dead_letters.ts";
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

/** Rows counted at one node. */
export interface RowCounts {
  readonly in: number;
  readonly out: number;
  readonly filtered?: number;
  readonly joined?: number;
  readonly withoutPartner?: number;
  readonly nullKeys?: number;
  readonly waiting?: number;
  readonly errors?: number;
  /** Events that came too late, or changed nothing for another reason. */
  readonly dropped?: number;
}

/** All that passed since the process started, and what became of the rows that are there now. */
export interface Counters extends RowCounts {
  /** Null for operators of streams. */
  readonly rows: RowCounts | null;
}

export interface TaskState {
  readonly id: string;
  readonly state: string;
  readonly lag: number;
  /** Who has it. */
  readonly instance: string;
}

export interface LiveTopology {
  readonly name: string;
  readonly state: string;
  readonly counters: Readonly<Record<string, Counters>>;
  /** Records behind, by topic. */
  readonly lag: Readonly<Record<string, number>>;
  readonly tasks: readonly TaskState[];
  readonly problems: readonly string[];
}

/** Bytes. */
export interface Memory {
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
}

/** One process of the group, as the one that is asked has found out. */
export interface InstanceState {
  readonly instance: string;
  /** The one that is asked. */
  readonly here: boolean;
  /** Why it has told nothing; null if it has. */
  readonly problem: string | null;
  readonly tasks: number;
  readonly uptimeMs: number | null;
  readonly memory: Memory | null;
}

/** Data of `event: state` of `GET /api/state`. */
export interface LiveState {
  readonly at: number;
  readonly status: Status;
  readonly topologies: readonly LiveTopology[];
  readonly memory: Memory;
  readonly instances: readonly InstanceState[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Data of `event: row` of `GET /api/tap/<topology>/<node>`; a row that is gone is null. */
export interface TappedRow {
  readonly at: number;
  readonly key: unknown;
  readonly row: unknown;
}

/** Data of `event: problem` there: of this instance nothing is seen. */
export interface TapProblem {
  readonly instance: string;
  readonly problem: string;
}

/** Why a join found no partner, or that it found one. */
export interface Lookup {
  readonly table: string;
  readonly key: unknown;
  readonly outcome: string;
  readonly row: Row | null;
  readonly why: { readonly outcome: string; readonly operator: string | null; readonly sentence: string } | null;
}

export interface ExplainedStep {
  readonly operator: string;
  readonly op: string;
  readonly outcome: string;
  readonly sentence: string;
  readonly lookup?: Lookup;
  readonly row: Row | null;
}

/** A row of a source as it is held, and where its newest record lies, as far as that is known. */
export interface SourceRow {
  readonly table: string;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | string | null;
  readonly timestampMs: number | null;
  readonly row: Row | null;
  /** Its last change could not be read. */
  readonly stale: boolean;
}

/** A page of the rows that make up a total. */
export interface Contributors {
  readonly total: number;
  readonly rows: readonly {
    readonly table: string;
    readonly partition: number;
    readonly key: Row;
    readonly adds: Row;
  }[];
  readonly next: string | null;
}

/** `GET /api/explain/<topology>/<table>/<key>` */
export interface Explanation {
  readonly topology: string;
  readonly table: string;
  readonly key: Row;
  readonly outcome: string;
  readonly sentence: string;
  readonly source: SourceRow | null;
  readonly sources: readonly SourceRow[];
  readonly steps: readonly ExplainedStep[];
  readonly shown: {
    readonly task: string | null;
    readonly version: string | null;
    readonly row: Row;
    readonly digestsEqual: boolean;
    readonly changedByHand: boolean;
  } | null;
  /** Whether it is known what ClickHouse shows. */
  readonly shownKnown: boolean;
  readonly totals: readonly { readonly table: string; readonly group: Row; readonly adds: Row }[];
  /** Of a question about a table that is no sink: what became of the key in each of its outputs. */
  readonly outputs: readonly { readonly output: string; readonly outcome: string; readonly sentence: string }[];
  readonly deadLetters: readonly DeadLetter[];
  readonly contributors?: Contributors;
  readonly notes: readonly string[];
  readonly unanswered: readonly { readonly instance: string; readonly problem: string }[];
}

/** A try to replay a letter. */
export interface Attempt {
  readonly atMs: number;
  /** What was to be changed, as JSON; null: nothing. */
  readonly edit: string | null;
  /** `begun`: under way, or nobody knows what came of it. */
  readonly outcome: "begun" | "replayed" | "refused" | "failed";
  readonly sentence: string | null;
}

export type Letter = KeptLetter & { readonly id: string; readonly attempts: readonly Attempt[] };

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
