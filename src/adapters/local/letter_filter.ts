import type { DeadLetter } from "../../ports/dead_letters.ts";
import { letterOf } from "./letter_schema.ts";

/** A letter as it is kept. */
export interface KeptLetter extends DeadLetter {
  /** When it was marked as resolved, milliseconds since the epoch; null while it is open. */
  readonly resolvedMs: number | null;
  /** Why; null while it is open. */
  readonly resolution: string | null;
}

/** Which letters; all of what is given must be the same. */
export interface DeadLetterFilter {
  readonly topology?: string;
  readonly stage?: DeadLetter["stage"];
  readonly reason?: string;
  readonly operator?: string;
  readonly topic?: string;
  /** Absent: open ones and resolved ones. */
  readonly state?: "open" | "resolved";
}

/** A row of the table as a kept letter. */
export function keptLetterOf(row: Record<string, unknown>): KeptLetter {
  return {
    ...letterOf(row),
    resolvedMs: row.resolved_ms === null ? null : Number(row.resolved_ms),
    resolution: row.resolution === null ? null : String(row.resolution),
  };
}

/** The filter as SQL, with what its parameters are. */
export function condition({ state, ...filter }: DeadLetterFilter): { where: string; values: string[] } {
  const { topology, stage, reason, operator, topic } = filter;
  const given = Object.entries({ topology, stage, reason, operator, topic })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const terms = given.map(([column]) => `${column} = ?`);
  if (state !== undefined) terms.push(`resolved_ms IS ${state === "open" ? "" : "NOT "}NULL`);
  return {
    where: terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`,
    values: given.map(([, value]) => value),
  };
}
