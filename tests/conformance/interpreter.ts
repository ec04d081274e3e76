import type { Case } from "./recorded.ts";

/**
 * What came of one comparison: equal; other than what Kafka Streams does, for a reason that was told before; or
 * different.
 */
export type Verdict =
  | { readonly kind: "equal" }
  | { readonly kind: "declared"; readonly reason: string }
  | { readonly kind: "different"; readonly detail: string };

export const EQUAL: Verdict = { kind: "equal" };

/** All that a run of a case compared. */
export interface Comparison {
  /** One for each output topic after each step. */
  readonly steps: readonly Verdict[];
  /** What is there after the last step, and after a restart. */
  readonly end: readonly Verdict[];
}

/**
 * Understands the words of some recorded topologies, and runs them in Weir. Each kind of topologies has one, in a file
 * of its own; how outputs must be compared differs between tables and streams, so that is theirs, too.
 */
export interface Interpreter {
  /** What is never compared, and why. */
  readonly notCompared: readonly string[];
  /** Whether it understands ALL words of the case's topology: what is not understood must not count as equal. */
  understands(recorded: Case): boolean;
  /** Numbers of partitions with which the case must come to the same. */
  partitions(recorded: Case): readonly number[];
  run(recorded: Case, options: { readonly partitions: number }): Promise<Comparison>;
}
