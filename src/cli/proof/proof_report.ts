/** How many keys are named of one sink. */
export const KEYS_NAMED = 20;

/** What is not compared while everything runs, and why not. */
export interface LeftOut {
  readonly topology: string;
  readonly sink: string;
  readonly reason: string;
  /** Another instance compares it, or should; absent: nobody does. */
  readonly elsewhere?: true;
}

/** One column of a row that is not as it should be. */
export interface DifferingColumn {
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
}

/** A row that is not as it should be, as three looks found it. */
export interface DifferingKey {
  /** Its key columns as texts, times in UTC. */
  readonly key: Readonly<Record<string, string>>;
  /**
   * What `explain` is asked for to tell how the row came about: `4711`, `["2026-01-31 10:00:00","7"]`, of an append
   * table `shop.clicks/0/1034`. Null of a key that is masked.
   */
  readonly explain: string | null;
  readonly kind: "missing" | "extra" | "different";
  /** Of a different row: the columns that differ. */
  readonly columns: readonly DifferingColumn[];
  /** When it was first seen so, ISO 8601 in UTC. */
  readonly since: string;
}

/** Rows of results of streams that are not proven from their events, but are as Weir's own log has them. */
export interface TakenRows {
  readonly rows: number;
  /** Why their events do not decide. */
  readonly reason: string;
}

/** How far one sink is proven. */
export interface SinkProof {
  readonly topology: string;
  readonly sink: string;
  /** Range of keys by range of keys, or all rows at once. */
  readonly how: "ranges" | "whole";
  /** Rows found equal in the last round; 0 before the first one has ended. */
  readonly rows: number;
  /** When the last round ended, ISO 8601 in UTC; null: not since the start. */
  readonly checked: string | null;
  /** How long that round took. */
  readonly roundMs: number | null;
  /** Rows compared in the round that is under way. */
  readonly compared: number;
  /** Rows that differ now, and no reason is known. */
  readonly differing: number;
  /** The first of them. */
  readonly keys: readonly DifferingKey[];
  /** Rows that differed at the last look, and may be on their way. */
  readonly unjudged: number;
  /** Rows that were found to differ, and are neither that nor right: they have changed since, or Weir says why. */
  readonly doubtful: number;
  /** Rows that differ, and Weir says why: what dead letters and problems tell of. */
  readonly excused: number;
  /** Rows of the last look that its source does not decide about; of results of streams alone. */
  readonly taken: readonly TakenRows[];
  /** What another look at the rows that are not judged waits for, or a first one at any; null: nothing. */
  readonly waits: string | null;
  /** Why the sink is not compared now; null: it is. */
  readonly paused: string | null;
}

/** What a continuous proof has found so far. */
export interface ProofReport {
  readonly sinks: readonly SinkProof[];
  /** What it does not compare, and why. */
  readonly leftOut: readonly LeftOut[];
}

/** Whether the sinks are compared while everything runs, and how far that is. */
export interface ContinuousProof extends ProofReport {
  /**
   * `off`: it is switched off, or has no source; `starting`: it has not told anything yet; `running`; `failed`: it has
   * ended, and `reason` says why and whether it is tried again.
   */
  readonly state: "off" | "starting" | "running" | "failed";
  readonly reason: string | null;
  /** When what it says was found, ISO 8601 in UTC; null: it has said nothing. Of several instances the latest. */
  readonly told: string | null;
}

/** What is known before anything was compared, and when nobody compares any more. */
export const NOTHING_PROVED: ProofReport = { sinks: [], leftOut: [] };

/** Who compares, and how far that is. */
export interface ProofKeeper {
  readonly status: ContinuousProof;
  start(): void;
  stop(): Promise<void>;
}
