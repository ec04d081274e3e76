import type { LetterReason, StoredLetter } from "../../adapters/local/stored_letters.ts";
import type { ReplayResult } from "../../runtime/replays/replay.ts";

/** `GET /api/dead-letters` */
export interface LetterPage {
  /** The newest first. */
  readonly letters: readonly StoredLetter[];
  /** What the next page begins behind, for `after`; null if this is the last one. */
  readonly next: string | null;
  readonly open: number;
  readonly resolved: number;
  readonly reasons: readonly LetterReason[];
}

/** What became of a letter. */
export interface LetterResult extends ReplayResult {
  readonly id: string;
}

/** `POST /api/dead-letters/replay` */
export interface ReplayAnswer {
  /** In the order of the letters asked for. */
  readonly results: readonly LetterResult[];
}
