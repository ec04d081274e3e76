import { dataArgument } from "../data_option.ts";
import { counted, grouped } from "../numbers.ts";

/** How a run of `start` ended. */
export interface RunEnd {
  /** What could not be applied in time, one line each; null if nobody can say, since the sources go on. */
  readonly left: readonly string[] | null;
  /** Topologies that failed or are degraded, one line each. */
  readonly failed: readonly string[];
  /** It was told to end: nobody waits for what is left. */
  readonly told: boolean;
  /** How long it waited otherwise. */
  readonly waitedMs: number;
  /** Dead letters of this run. */
  readonly deadLetters: readonly {
    readonly topology: string;
    readonly reason: string;
    readonly letters: number;
  }[];
  /** Data directory. */
  readonly data: string;
}

/** What is true of every end. */
export const GOES_ON = "Nothing is lost: the next start goes on where this one stopped";

/** The last thing that `start` says: what is in ClickHouse, what is not, and why. */
export function endMessage(end: RunEnd): string {
  const letters = lettersText(end);
  if (end.failed.length > 0) return `Ended, but not all is well: ${end.failed.join("; ")}${letters && `. ${letters}`}`;
  if (end.left?.length === 0) {
    const but = letters === "" ? "" : `, but for what dead letters tell of. ${letters}`;
    return `Ended: everything is in ClickHouse, positions are committed${but}`;
  }
  return `${unfinishedText(end)}${letters && `. ${letters}`}`;
}

function unfinishedText({ left, told, waitedMs }: RunEnd): string {
  if (left === null) return `Ended. ${GOES_ON}`;
  if (told) return `Ended. ${GOES_ON} (${left.join("; ")})`;
  return `Ended, but could not apply everything after up to ${waitedMs / 1000} s: ${left.join("; ")}. ${GOES_ON}`;
}

/** Empty if there are none. */
function lettersText({ deadLetters, data }: RunEnd): string {
  if (deadLetters.length === 0) return "";
  const counts = new Map<string, number>();
  for (const { topology, reason, letters } of deadLetters) {
    const name = `${topology} ${reason}`;
    counts.set(name, (counts.get(name) ?? 0) + letters);
  }
  const total = deadLetters.reduce((sum, { letters }) => sum + letters, 0);
  const list = [...counts].map(([name, letters]) => `${name} ${grouped(letters)}`).join(", ");
  return `${counted(total, "dead letter")} of this run (${list}): records and rows that could not be processed. ` +
    `List them with: deno task dlq${dataArgument(data)}`;
}
