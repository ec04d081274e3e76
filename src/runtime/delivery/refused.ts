import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { LogRecord, Position } from "../../ports/log.ts";
import type { ProcessorError } from "../../record/errors.ts";

/** Who writes a letter: a task or a global table, and which life of it. */
export interface Maker {
  readonly task: string;
  readonly epoch: number;
}

/** A letter about a row. */
export interface RowRefused extends Maker {
  readonly error: ProcessorError;
  readonly subject: string;
  /** Names of the key's columns. */
  readonly columns: readonly string[];
  /** Where the row's newest record lies; null if that is not known. */
  readonly position: Position | null;
  readonly occasion: DeadLetter["occasion"];
}

/** A record that could not be read. */
export interface RecordRefused extends Maker {
  readonly position: Position;
  readonly record: LogRecord;
  /** Null if its key cannot be read, either. */
  readonly subject: string | null;
}

/** A row that ClickHouse refused. */
export interface SinkRowRefused extends Maker {
  readonly sink: string;
  readonly columns: readonly string[];
  readonly key: string;
  /** As JSON. */
  readonly line: string;
}

/** An event that went no further. */
export interface EventRefused extends Maker {
  readonly position: Position;
  readonly subject: string;
  readonly stage: "callback" | "sink";
  /** That refused a row, and the row; or that lacks rows. */
  readonly sink?: string;
  readonly line?: string;
  /** Of a sink: `refused` if absent. */
  readonly reason?: "made_anew";
}
