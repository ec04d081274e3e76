import { isRetriable } from "../../ports/retry.ts";
import { ConfigError, LimitError, ProductionError, RestoreError, toldOf, TopologyError } from "../../record/errors.ts";

/**
 * What becomes of a topology that failed.
 *
 * - `passes`: a service said that the same may succeed later; tried again soon.
 * - `repairable`: somebody must act, but not on this process (a topic, a table, a right), or it is a bug, which may not
 *   be met again; tried again at growing intervals.
 * - `final`: only another start of the process can help, with an option, a variable or a file changed.
 */
export type Fate = "passes" | "repairable" | "final";

/** Why a topology does not run. */
export interface Failure {
  /** In one line. */
  readonly reason: string;
  /** Class of the error. */
  readonly kind: string;
  readonly fate: Fate;
  /** Where it was thrown, for what only a bug can be; else null. */
  readonly stack: string | null;
}

const EXPLAINED = [ConfigError, TopologyError, ProductionError, RestoreError, LimitError];
/** Classes of errors that are met; a bug may have another one. */
export const FAILURE_KINDS: readonly string[] = [...EXPLAINED, TypeError].map(({ name }) => name);

/** Whether texts may quote keys and values. */
interface Quoting {
  readonly quotesRows: boolean;
}

/** What an error that ended a topology's run means. */
export function failureOf(thrown: unknown, quoting: Quoting = { quotesRows: true }): Failure {
  // Only a mistake of the program throws what is no error.
  const error = thrown instanceof Error ? thrown : new TypeError(String(thrown), { cause: thrown });
  const expected = EXPLAINED.some((kind) => error instanceof kind);
  if (!expected && !quoting.quotesRows) {
    // Nobody knows what the message of a bug, or of somebody's callback, says.
    const reason = `${error.name}: what it says may quote rows, and is not shown`;
    return { reason, kind: error.name, fate: fateOf(error), stack: framesOf(error) };
  }
  return {
    reason: expected ? reasonOf(error, quoting) : `${error.name}: ${reasonOf(error, quoting)}`,
    kind: error.name,
    fate: fateOf(error),
    stack: expected ? null : error.stack ?? null,
  };
}

/**
 * A start that would delete too much would want to do so again, after reading everything again; a topology that needs
 * too much memory would take it from the others again and again.
 */
function fateOf(error: Error): Fate {
  if (isRetriable(error)) return "passes";
  return error instanceof RestoreError || error instanceof LimitError ? "final" : "repairable";
}

function reasonOf(error: Error, quoting: Quoting): string {
  const text = error instanceof ConfigError || error instanceof TopologyError
    ? error.problems.join("; ")
    : toldOf(error, quoting);
  return oneLine(text);
}

/** Where it was thrown, without what it says. */
function framesOf({ name, message, stack = "" }: Error): string | null {
  const header = `${name}: ${message}`;
  return stack.startsWith(header) ? stack.slice(header.length).trim() || null : null;
}

/** A text without line breaks, for places that have one line for it. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
