import { LOG_LEVELS, type LogLevel } from "../config/environment_schema.ts";
import type { Status } from "./status.ts";

/** Something that happened, for people (`text`) and for programs (`name` and `fields`). */
export interface Event {
  readonly level: LogLevel;
  /** Short and stable: `started`, `failed`. */
  readonly name: string;
  readonly text: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Where `start` says what happens: a terminal, or JSON lines. */
export interface Output {
  event(event: Event): void;
  /** How everything stands now, whether or not that differs from the last time. */
  status(status: Status): void;
  /** Milliseconds between two calls of {@link status} that make sense. */
  readonly statusEveryMs: number;
  /** Leaves the terminal as it was. */
  close(): void;
}

/** Whether something of `level` is shown when the log is set to `least`. */
export function isShown(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(least);
}

/**
 * Writes all of `text` to the standard output. When its reader has gone away nothing more is written, and the work goes
 * on: the end of a `head` must not end a pipeline.
 */
export function writeOut(text: string): void {
  if (gone) return;
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    gone = true;
  }
}

let gone = false;
