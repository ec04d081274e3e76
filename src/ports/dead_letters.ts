/** A record that could not be processed, kept for a person to look at. */
export interface DeadLetter {
  readonly topology: string;
  readonly stage: "decode" | "callback" | "sink";
  /** Short machine-readable reason: `not_json`, `missing_column`, `callback_threw`, ... */
  readonly reason: string;
  /** Operator that refused, or the source's name. */
  readonly operator: string;
  readonly error: string;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  /** Key text, shortened to 1 KiB. */
  readonly key: string | null;
  /** The record as text, shortened to 64 KiB. */
  readonly record: string | null;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
}

/**
 * Durable keeping of dead letters. A letter of the same topology, stage, topic, partition, offset, operator and key is
 * kept once.
 */
export interface DeadLetters {
  put(letters: readonly DeadLetter[]): Promise<void>;
}
