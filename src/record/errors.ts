/** The topology's author must act. Lists ALL problems of a topology at once. */
export class TopologyError extends Error {
  /** Name of the class. */
  override readonly name = "TopologyError";

  /** `problems`: all of them, each saying what to do. */
  constructor(readonly topology: string, readonly problems: readonly string[]) {
    super(`Cannot build topology "${topology}":\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/** The operator must act: configuration, environment, the state of a topic or a table. Lists all problems at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[], options?: ErrorOptions) {
    super(problems.length === 1 ? problems[0] : problems.map((problem) => `\n  - ${problem}`).join(""), options);
  }
}

/** One record cannot be read as a row; trying again changes nothing. */
export class DeserializationError extends Error {
  override readonly name = "DeserializationError";
  /** What is wrong with which column, where that is known: for those who are not shown all columns. */
  readonly problems?: ColumnProblems;
  constructor(readonly reason: string, message: string, options?: DeserializationOptions) {
    super(message, options);
    if (options?.problems !== undefined) this.problems = options.problems;
  }
}

/** What `read` gives; null for what cannot be read. @throws whatever else it throws */
export function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof DeserializationError) return null;
    throw error;
  }
}

/** What is known of a record that cannot be read. */
interface DeserializationOptions extends ErrorOptions {
  readonly problems?: ColumnProblems;
}

/** A message in parts: what it says of no column, and of each of some. */
export interface ColumnProblems {
  readonly said: string;
  /** `path`: the column, or a place within it; `text` may quote its value. */
  readonly columns: readonly { readonly column: string; readonly path: string; readonly text: string }[];
}

/** A topology's callback threw, or returned what it must not, or what cannot be sent to another task. */
export class ProcessorError extends Error {
  override readonly name = "ProcessorError";
  /** Short and machine-readable, for dead letters. */
  readonly reason: ProcessorReason;
  /** What the operator was given, for dead letters; undefined if that is not known. */
  readonly row: unknown;
  constructor(
    readonly operator: string,
    readonly key: string,
    options: { readonly cause: unknown; readonly reason?: ProcessorReason; readonly row?: unknown },
  ) {
    const { cause, reason = "callback_threw", row } = options;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot evaluate "${operator}" for key ${key}: ${why}`, { cause });
    this.reason = reason;
    this.row = row;
  }
}

/** `not_sendable`: a value that other tasks cannot be told; `too_large`: one above the limit of a message. */
export type ProcessorReason = "callback_threw" | "not_sendable" | "too_large";

/**
 * What a port's refusal is about, where a caller must know more than whether to try again:
 *
 * - `content`: the warehouse cannot store this very row; all others it can;
 * - `too_large`: the log takes no record of this size; smaller ones it does;
 * - `missing`: the table or the database is gone;
 * - `late`: it came after its deadline, and had no effect: the very same never will;
 * - `setup`: only a person can change it: a declaration, a right, a password.
 */
export type ProductionReason = "content" | "too_large" | "missing" | "late" | "setup";

/** A port refused. `retriable`: the same request may succeed later. `reason`: where callers act on it. */
export class ProductionError extends Error {
  override readonly name = "ProductionError";
  readonly retriable: boolean;
  readonly reason?: ProductionReason;
  /** The message without what the other side said, where that may quote rows. */
  readonly brief?: string;
  constructor(
    message: string,
    options: ErrorOptions & {
      readonly retriable: boolean;
      readonly reason?: ProductionReason;
      readonly brief?: string;
    },
  ) {
    super(message, options);
    this.retriable = options.retriable;
    if (options.reason !== undefined) this.reason = options.reason;
    if (options.brief !== undefined) this.brief = options.brief;
  }
}

/** What is told of an error: without what may quote rows, where these are not shown. */
export function toldOf(error: Error, { quotesRows }: { readonly quotesRows: boolean }): string {
  return quotesRows || !(error instanceof ProductionError) ? error.message : error.brief ?? error.message;
}

/** A start cannot rebuild its state, or would do harm by doing so. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
  constructor(readonly task: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A named limit was reached. */
export class LimitError extends Error {
  override readonly name = "LimitError";
  constructor(readonly limit: string, message: string) {
    super(message);
  }
}
