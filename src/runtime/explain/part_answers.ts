import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { HeldBack } from "../../processor/stateful/sought_event.ts";
import type { StepOutcome } from "../../processor/traced_program.ts";
import type { Row } from "../../record/row.ts";
import { parseTaskId } from "../../record/task_id.ts";
import type { StageEventQuestion, StageLook } from "../lifecycle/stage_view.ts";
import type { CorrectedAway } from "../task/source_reader.ts";
import { compareKeys } from "../stores/read_store.ts";

/** What one instance is asked: what it has of a key, of a group, or of one partition of a stream or a stage. */
export type PartQuestion = RowQuestion | GroupQuestion | FlowQuestion | StageQuestion | HeldQuestion;

/** What a stage holds back of a row. */
export interface HeldQuestion {
  readonly kind: "held";
  /** Index in the plan. */
  readonly stage: number;
  /** Canonical text. */
  readonly key: string;
}

/** What a stage's task tells of events. */
export interface StageQuestion {
  readonly kind: "stage";
  readonly task: string;
  readonly events: readonly StageEventQuestion[];
}

/** How far a partition is brought out, and which dead letters there are about its events. */
export interface FlowQuestion {
  readonly kind: "flow";
  /** Its task. */
  readonly task: string;
  /** As letters are about. */
  readonly subjects: readonly string[];
}

/** A row of a table or of a global table. */
export interface RowQuestion {
  readonly kind: "row";
  /** Index in the plan. */
  readonly table: number;
  readonly global: boolean;
  /** Canonical text. */
  readonly key: string;
}

/** The rows of one aggregate's group, of the tasks of a table. */
export interface GroupQuestion {
  readonly kind: "group";
  /** Index of the table in the plan, and of the aggregate among its groups. */
  readonly table: number;
  readonly group: number;
  readonly key: string;
  /** Only rows behind this key, which is the JSON of its values; null: from the first one. */
  readonly after: string | null;
  readonly limit: number;
}

/** Which partitions the instance has. */
export interface Standing {
  readonly running: readonly number[];
  /** Not everything of them is here yet. */
  readonly restoring: readonly number[];
}

/** A member's row as it is held. */
export interface MemberTrace {
  readonly name: string;
  readonly topic: string | null;
  /** The next offset to read. */
  readonly position: number | null;
  readonly row: Row | null;
  readonly stale: boolean;
  /** Of a result of a stream. */
  readonly folded: FoldedTrace | null;
}

/** What is kept of how a result of a stream was made. */
export interface FoldedTrace {
  /** Where its events are, and up to where they are in it. */
  readonly topic: string;
  readonly partition: number;
  readonly to: number;
  /** Null: it has none. */
  readonly window: "open" | "closed" | "not here" | null;
}

/** What an operator is, in the words of whoever declares it. */
export type OperatorKind =
  | ("table" | "filter" | "mapValues" | "expireAfter" | "union")
  | ("join" | "leftJoin" | "outerJoin");

/** One operator of a program, and what it made of the entry. */
export interface StepTrace {
  readonly operator: string;
  readonly op: OperatorKind;
  readonly inputs: readonly number[];
  readonly outcome: StepOutcome;
  /** Null also where it is not known. */
  readonly row: Row | null;
  /** A partner is not known, so its value is not, either. */
  readonly unknown: boolean;
  /** Nobody has declared it: it takes a result of a stream out of what its changelog holds. */
  readonly hidden: boolean;
  readonly error: string | null;
  /** What was looked up. */
  readonly lookup: {
    readonly lookup: number;
    readonly key: string;
    readonly row: Row | null;
    /** The key is not shown: other instances are not told it, either. */
    readonly hidden?: boolean;
  } | null;
}

/** What a sink makes of the entry. */
export interface SinkTrace {
  /** Digest of what is computed; null for nothing, and for what cannot be written. */
  readonly digest: number | null;
  /** The same as earlier versions took it. */
  readonly textDigest: number | null;
  /** Why it cannot be written. */
  readonly error: string | null;
  /** Digest of what the state says is shown. */
  readonly expected: number | null;
  /** Shown although it is not computed, since something failed at the start. */
  readonly held: boolean;
  /** ClickHouse refused it. */
  readonly refused: boolean;
  /** Rows of this sink on the instance that ClickHouse has not acknowledged. */
  readonly pendingRows: number;
}

/** A group that an entry is in. */
export interface GroupTrace {
  /** Index among the table's groups. */
  readonly group: number;
  readonly columns: Row;
  readonly adds: Row;
}

/** All that a task knows of one key. */
export interface RowTrace {
  readonly task: string;
  readonly partition: number;
  /** Evaluated, and nothing of it has changed since. */
  readonly settled: boolean;
  /** The start of the task is over. */
  readonly complete: boolean;
  readonly key: Row;
  /** Canonical. */
  readonly keyText: string;
  readonly members: readonly MemberTrace[];
  readonly steps: readonly StepTrace[];
  readonly sinks: readonly SinkTrace[];
  readonly groups: readonly GroupTrace[];
}

/** What an instance says of a row. */
export interface RowAnswer extends Standing {
  readonly kind: "row";
  readonly trace: RowTrace | null;
  /** About the key, of all tasks of the table on this instance. */
  readonly letters: readonly DeadLetter[];
  /** Sources that have no row of the key because a correction deletes it. */
  readonly deletions: readonly CorrectedAway[];
  /** Changes of the table of which not even the key could be read. */
  readonly unreadable: number;
  /** Behind which the key's window lies, so that no task keeps it. Microseconds; null: it does not, or nobody knows. */
  readonly horizonUs: number | null;
}

/** A task's share of a group. */
export interface ShareTrace {
  readonly task: string;
  readonly rows: number;
  /** Digest that ClickHouse should show; null for nothing, and where shares go to other tasks. */
  readonly expected: number | null;
}

/** A row in a group. */
export interface MemberOfGroup {
  readonly partition: number;
  readonly key: Row;
  readonly adds: Row;
}

/** What an instance says of a group. */
export interface GroupAnswer extends Standing {
  readonly kind: "group";
  /** Of tasks that have rows in it, or should have ClickHouse show a share. */
  readonly shares: readonly ShareTrace[];
  /** In the order of their keys. */
  readonly rows: readonly MemberOfGroup[];
  readonly more: boolean;
  readonly letters: readonly DeadLetter[];
}

/** What an instance says of one partition of a stream or a stage. */
export interface FlowAnswer {
  readonly kind: "flow";
  /** Null: another instance has it, or it has just begun. */
  readonly standing: {
    /** Everything below this offset is brought out. */
    readonly doneTo: number;
    /** Where the partition ends, as known. */
    readonly end: number;
    /** Events wait for those of other sources. */
    readonly waits: boolean;
  } | null;
  readonly letters: readonly DeadLetter[];
}

/** What an instance says of events of a stage. */
export interface StageAnswer {
  readonly kind: "stage";
  /** As they were asked about; null: events wait for those of other sources. Null as a whole: another one has it. */
  readonly looks: readonly (StageLook | null)[] | null;
}

/** What an instance's tasks of a stage hold back. */
export interface HeldAnswer {
  readonly kind: "held";
  readonly held: HeldBack | null;
  /** It has all tasks of the stage. */
  readonly isWhole: boolean;
}

/** What an instance has of the answer. */
export type PartAnswer = RowAnswer | GroupAnswer | FlowAnswer | StageAnswer | HeldAnswer;

/** What several instances say together of a row: who runs its task counts. */
export function mergeRowAnswers(answers: readonly RowAnswer[]): RowAnswer {
  const found = answers.flatMap(({ trace }) => trace === null ? [] : [trace]);
  const trace = found.find(hasRow) ?? found[0] ?? null;
  return {
    kind: "row",
    ...standingOf(answers),
    trace,
    letters: answers.flatMap(({ letters }) => letters),
    // Another version does not tell it.
    deletions: answers.flatMap(({ deletions = [] }) => deletions),
    unreadable: answers.reduce((sum, { unreadable }) => sum + unreadable, 0),
    horizonUs: answers.map(({ horizonUs }) => horizonUs).find((us) => us !== null) ?? null,
  };
}

export function hasRow({ members }: RowTrace): boolean {
  return members.some(({ row }) => row !== null);
}

/** The same of a group: all of them have rows of it. A partition that moves is counted once. */
export function mergeGroupAnswers(answers: readonly GroupAnswer[], limit: number): GroupAnswer {
  const told = new Map<number, GroupAnswer>();
  for (const answer of answers) {
    for (const partition of answer.running) if (!told.has(partition)) told.set(partition, answer);
  }
  const rows = answers.flatMap((answer) => answer.rows.filter(({ partition }) => told.get(partition) === answer))
    .sort((a, b) => compareKeys(Object.values(a.key), Object.values(b.key)) || a.partition - b.partition);
  return {
    kind: "group",
    ...standingOf(answers),
    shares: answers.flatMap((answer) =>
      answer.shares.filter(({ task }) => told.get(parseTaskId(task).partition) === answer)
    ),
    rows: rows.slice(0, limit),
    more: rows.length > limit || answers.some(({ more }) => more),
    letters: answers.flatMap(({ letters }) => letters),
  };
}

function standingOf(answers: readonly Standing[]): Standing {
  const running = new Set(answers.flatMap((answer) => answer.running));
  const restoring = new Set(answers.flatMap((answer) => answer.restoring)).difference(running);
  return { running: [...running].sort((a, b) => a - b), restoring: [...restoring].sort((a, b) => a - b) };
}

/** The partitions of which it is not known what they have. */
export function undecidedOf({ running }: Standing, partitions: number): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition).filter((one) => !running.includes(one));
}
