import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { Position } from "../../ports/log.ts";
import type { StepOutcome } from "../../processor/traced_program.ts";
import type { Row } from "../../record/row.ts";

/**
 * What became of a key:
 *
 * - `shown`: ClickHouse shows it; `present`: of a table's name, it is one of the table's rows;
 * - `filtered`, `expired`, `no partner`, `null key`: the operator at which its row stopped, by what it does;
 * - `waiting`: something it needs is not known, or not evaluated, or not written yet;
 * - `dead letter`: a record, a callback or a column of it was refused; `not unique`: several rows claim the key;
 * - `set aside`: a total that its view leaves out, since it fits no value of its column;
 * - `unknown`: no source has it, or no row is in the group;
 * - `missing`: it was written, and ClickHouse does not show it;
 * - `undecided`: who could know it is restoring, or cannot be reached;
 * - `beyond retention`: the window is older than its retention, so that ClickHouse alone has it;
 * - `matched`: an event was joined in a stage, and what came of it went on; `taken`: a stage has it in what it keeps;
 * - `late`: a stage left it out, since it came after the last time at which it would have counted;
 * - `not kept`: nobody keeps what would answer it: the record is not in its topic any more, or a stage has taken it.
 */
export type Outcome =
  | ("shown" | "present" | "filtered" | "expired" | "no partner" | "null key" | "waiting" | "dead letter")
  | ("not unique" | "set aside" | "unknown" | "missing" | "undecided" | "beyond retention" | "not kept")
  | ("matched" | "taken" | "late");

/** A row of a source as it is held, and where its newest record lies. */
export interface SourceRow {
  readonly table: string;
  /** Null for totals, which tasks tell each other. */
  readonly topic: string | null;
  readonly partition: number | null;
  /** Null with {@link timestampMs} if the record was not found in a few seconds, from the end backwards. */
  readonly offset: number | null;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number | null;
  /** Null: the table has no row of the key. Of an event its value. */
  readonly row: Row | null;
  /** Its last change could not be read: the row is older than that. */
  readonly stale: boolean;
  /** Of an event: the key of its record. */
  readonly key?: Row;
}

/** Why a join found no partner, or that it found one. */
export interface ExplainedLookup {
  readonly table: string;
  readonly key: Row;
  readonly outcome: "matched" | "no partner" | "waiting";
  /** The right row; null without one. */
  readonly row: Row | null;
  /** What became of the right row, where there is none: its outcome, the operator, in words. */
  readonly why: { readonly outcome: Outcome; readonly operator: string | null; readonly sentence: string } | null;
}

/** One operator, and what it made of the row. */
export interface ExplainedStep {
  /** Its place in the program of its task. */
  readonly index: number;
  readonly operator: string;
  readonly op: string;
  readonly outcome: StepOutcome | "taken" | "late" | "not kept" | "undecided";
  readonly sentence: string;
  /** In a join of streams: the events of the other side, as far as their records are found. */
  readonly partners?: readonly ExplainedPartner[];
  readonly lookup?: ExplainedLookup;
  /** What it gave; null for nothing. */
  readonly row: Row | null;
}

/** An event with which another one was joined. */
export interface ExplainedPartner {
  /** Its stream. */
  readonly table: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Microseconds since the epoch. */
  readonly timeUs: number;
  /** Of its record. */
  readonly key: Row;
  /** As it came to the join; null where anything is masked. */
  readonly row: Row | null;
  /** False: other records have made the same event, and which of them was joined is not kept. */
  readonly isSure: boolean;
}

/** What ClickHouse shows of the key. */
export interface ShownState {
  /** Who wrote it; null for a total of several tasks, and of an append table. */
  readonly task: string | null;
  /** Epoch of the task and number of the row within it: `12.3391`. Null where {@link task} is. */
  readonly version: string | null;
  /** As a SELECT gives it. */
  readonly row: Row;
  /**
   * Whether the digest in ClickHouse is the one that the state holds; of a total that of each share. Null: nothing is
   * held of a window beyond its retention, or who has it has not answered. Of an append table: whether it is the row
   * that is computed now.
   */
  readonly digestsEqual: boolean | null;
  /** Columns were changed by hand since. */
  readonly changedByHand: boolean;
}

/** A row that a record makes in an append table. */
export interface AppendedState {
  /** Of several rows of one record, from 0. */
  readonly index: number;
  /** As a SELECT gives it; null: ClickHouse does not have it. */
  readonly row: Row | null;
  /** What is computed now; null: nothing, or the record is not there any more. */
  readonly made: Row | null;
  /** Whether both are the same; null where one of them is missing. */
  readonly isExpected: boolean | null;
}

/** A share of a total in ClickHouse. */
export interface ShownShare {
  readonly task: string;
  /** Rows of the task in the group; null if the task did not tell. */
  readonly rows: number | null;
  /** Null: ClickHouse has no share of the task. */
  readonly version: string | null;
  /** Null: the task has not answered. */
  readonly digestsEqual: boolean | null;
}

/** A group that the row is in, and what it adds there. */
export interface Contribution {
  /** The sink that shows the total, or the aggregate. */
  readonly table: string;
  readonly aggregate: string;
  readonly group: Row;
  /** By column of the aggregate; null for nothing. Of rows under other keys, and parts: the row. */
  readonly adds: Row;
}

/** A row that is in the group, or an event that is in the total. */
export interface Contributor {
  readonly table: string;
  readonly partition: number;
  /** Of an event the key of its record. */
  readonly key: Row;
  readonly adds: Row;
  /** Of an event. */
  readonly event?: {
    readonly topic: string;
    readonly offset: number;
    /** As its source tells it. Microseconds since the epoch. */
    readonly timeUs: number;
    /** Its window is closed: whether it came before that, nobody keeps. False where the proof is `equal`. */
    readonly isMaybeLate: boolean;
  };
}

/**
 * Whether the events of all pages make up the total that is shown: `equal` and `differs` were found by adding them up;
 * `not compared`: not all of them were looked through, or there is nothing to compare with.
 */
export type TotalProof = "equal" | "differs" | "not compared";

/**
 * A page of the rows that make up a total, in the order of their keys; of the total of a stream's events a page of
 * these, by topic, partition and offset.
 */
export interface Contributors {
  readonly aggregate: string;
  /** Of the group, in all partitions that were asked. Null: not all events were looked through yet. */
  readonly total: number | null;
  readonly rows: readonly Contributor[];
  /** What is behind this page, for `after`; null if there is nothing. */
  readonly next: string | null;
  /** Of events. */
  readonly proof?: TotalProof;
}

/** Which of the rows that make up a total are told. */
export interface Page {
  /** As {@link Contributors.next} was told; null: from the first one. */
  readonly after: string | null;
  readonly limit: number;
}

/** One of the outputs of a table, for a question about the table. */
export interface ExplainedOutput {
  readonly output: string;
  readonly outcome: Outcome;
  readonly operator: string | null;
  readonly sentence: string;
}

/** Where an instance could have more of the answer, and why it has told nothing. */
export interface Unanswered {
  readonly instance: string;
  readonly problem: string;
}

/** Where a record lies that was corrected to a deletion. */
export interface DeletedBy extends Position {
  /** Id of the dead letter about it, as the instance that is asked has it; null if it has none, absent: not looked. */
  readonly letter?: string | null;
}

/** Why a key is shown as it is, or not shown. */
export interface Explanation {
  readonly topology: string;
  /** The sink or table that was asked about. */
  readonly table: string;
  readonly kind: TargetKind;
  readonly key: Row;
  readonly outcome: Outcome;
  readonly sentence: string;
  /** The operator at which the row stopped; null if it did not. */
  readonly operator: string | null;
  /** The task that has the row; null if none has. */
  readonly task: string | null;
  /** The first of {@link sources} that has a row, or the first of all; null for totals. */
  readonly source: SourceRow | null;
  readonly sources: readonly SourceRow[];
  readonly steps: readonly ExplainedStep[];
  readonly shown: ShownState | null;
  /** Whether it is known what ClickHouse shows: not so of a topic, and while it does not answer. */
  readonly shownKnown: boolean;
  /** Of a record of an append table: all rows that it makes there. */
  readonly appended?: readonly AppendedState[];
  /** Of a total that ClickHouse adds up. */
  readonly shares: readonly ShownShare[];
  readonly totals: readonly Contribution[];
  /** Of a question about a table. */
  readonly outputs: readonly ExplainedOutput[];
  /** Those about this key that still apply. */
  readonly deadLetters: readonly DeadLetter[];
  readonly contributors?: Contributors;
  /** The record whose correction has deleted the row; absent: none. */
  readonly deletedBy?: DeletedBy;
  /** What else must be known. */
  readonly notes: readonly string[];
  readonly unanswered: readonly Unanswered[];
}

/** What a name stands for: rows of a sink, totals that ClickHouse adds up, a table, or rows made of events. */
export type TargetKind = "rows" | "total" | "table" | "global table" | "events";
