import type { SinkProof } from "./proof_report.ts";
import type { Suspects } from "./suspects.ts";

/** Counts the rows of the round that is under way, and remembers how the last one ended. */
export class Rounds {
  #rows = 0;
  #beganMs = 0;
  #last: { readonly rows: number; readonly endedMs: number; readonly durationMs: number } | null = null;

  begin(nowMs: number): void {
    this.#rows = 0;
    this.#beganMs = nowMs;
  }

  /** So many rows more that should be there were looked at. */
  add(rows: number): void {
    this.#rows += rows;
  }

  /** Gives how long the round took, in milliseconds. */
  end(nowMs: number): number {
    const durationMs = nowMs - this.#beganMs;
    this.#last = { rows: this.#rows, endedMs: nowMs, durationMs };
    this.#rows = 0;
    return durationMs;
  }

  /** Begins from nothing. */
  forget(): void {
    this.#last = null;
    this.#rows = 0;
  }

  /** How far they are, if these rows of them differ. */
  report(
    { faults, excused, unjudged, doubtful }: Suspects,
  ): Pick<SinkProof, "rows" | "checked" | "roundMs" | "compared" | "differing" | "unjudged" | "doubtful" | "excused"> {
    const last = this.#last;
    const missing = [...faults, ...excused].filter(({ expected }) => expected !== null).length;
    return {
      rows: last === null ? 0 : Math.max(0, last.rows - missing - unjudged),
      checked: last === null ? null : new Date(last.endedMs).toISOString(),
      roundMs: last === null ? null : Math.round(last.durationMs),
      compared: this.#rows,
      ...{ differing: faults.length, unjudged, doubtful, excused: excused.length },
    };
  }
}
