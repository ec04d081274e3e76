import type { LetterReason, PageOptions, StoredLetter, StoredLetters } from "../../adapters/local/stored_letters.ts";
import { didYouMean } from "../../record/nearest.ts";
import { listingOf } from "../letter_listing.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { grouped } from "../numbers.ts";
import { readStale, staleLines } from "../stale_report.ts";
import { textTable } from "../text_table.ts";
import { shownLetter } from "./shown_letter.ts";
import { openIfThere } from "./open_letters.ts";

/** Letters listed if nothing else is said. */
export const LISTED_DEFAULT = 20;
const HINT =
  "Correct one and replay it: dlq edit <id> --set column=value; again as it is: dlq replay <id>, or --reason";
const PIPE_WIDTH = 160;

/** Which letters are listed, and how. */
export interface ListOptions {
  readonly directory: string;
  readonly topology?: string;
  readonly reason?: string;
  readonly operator?: string;
  readonly stage?: DeadLetter["stage"];
  readonly limit?: number;
  readonly after?: string;
  readonly all: boolean;
  readonly full: boolean;
  readonly json: boolean;
  readonly reasons: boolean;
}

/** Prints letters, the newest first, and the tables that are stale; or how many there are of each reason. */
export async function listLetters(options: ListOptions): Promise<void> {
  const { directory, topology, reason, operator, stage } = options;
  const stale = readStale(directory).filter((table) => table.topology === (topology ?? table.topology));
  const letters = await openIfThere(directory);
  if (letters === null) {
    if (!options.json) console.log(["No dead letters", ...staleLines(stale)].join("\n"));
    return;
  }
  try {
    const filter = { topology, reason, operator, stage };
    if (options.reasons) return printReasons(letters.stored.reasons(filter), options);
    const which = options.all ? filter : { ...filter, state: "open" } as const;
    const { limit = LISTED_DEFAULT, after } = options;
    const listed = new ListedLetters(letters.stored, { ...which, limit, after });
    if (options.json) { for (const letter of listed.letters()) console.log(JSON.stringify(shownLetter(letter))); }
    else {
      const lines = listingOf(listed.letters(), {
        width: options.full ? null : terminalWidth(),
        open: letters.count({ ...filter, state: "open" }),
        resolved: letters.count({ ...filter, state: "resolved" }),
        all: options.all,
        dropped: letters.dropped(),
      });
      for (const line of lines) console.log(line);
      if (listed.count === 0) { for (const line of unknownLines(letters.stored, filter)) console.log(line); }
      if (listed.next !== null) console.log(`Older ones with --after ${listed.next}`);
      if (listed.open > 0) console.log(HINT);
      for (const line of staleLines(stale)) console.log(line);
    }
  } finally {
    letters.close();
  }
}

/** Letters of a list, read page by page: a page ends where its letters are large. */
class ListedLetters {
  count = 0;
  /** Of them: those that still apply. */
  open = 0;
  /** What a list of older ones begins behind; null: there are none. */
  next: string | null = null;
  readonly #stored: StoredLetters;
  readonly #options: PageOptions;

  constructor(stored: StoredLetters, options: PageOptions) {
    this.#stored = stored;
    this.#options = options;
  }

  *letters(): Generator<StoredLetter> {
    const { limit, ...options } = this.#options;
    this.next = options.after ?? null;
    do {
      const page = this.#stored.page({ ...options, limit: limit - this.count, after: this.next ?? undefined });
      for (const letter of page.letters) {
        this.count++;
        if (letter.resolvedMs === null) this.open++;
        yield letter;
      }
      this.next = page.next;
    } while (this.next !== null && this.count < limit);
  }
}

/** Names that no open letter has were perhaps meant otherwise. */
function unknownLines(
  letters: Pick<StoredLetters, "reasons" | "operators">,
  filter: { readonly topology?: string; readonly reason?: string; readonly operator?: string },
): string[] {
  const reasons = letters.reasons();
  const known = {
    topology: [...new Set(reasons.map(({ topology }) => topology))],
    reason: [...new Set(reasons.map(({ reason }) => reason))],
    operator: letters.operators(),
  };
  return (["topology", "reason", "operator"] as const).flatMap((what) => {
    const [given, names] = [filter[what], known[what]];
    if (given === undefined || names.length === 0 || names.includes(given)) return [];
    return [`None has the ${what} "${given}": there are ${names.join(", ")}${didYouMean(given, names)}`];
  });
}

function printReasons(
  reasons: readonly LetterReason[],
  { json }: ListOptions,
): void {
  if (json) { for (const one of reasons) console.log(JSON.stringify(one)); }
  else if (reasons.length === 0) console.log("No open dead letters");
  else {
    const rows = reasons.map(({ topology, stage, reason, letters }) => [grouped(letters), topology, stage, reason]);
    const headings = ["letters", "topology", "stage", "reason"];
    console.log(textTable(headings, rows, { right: [true] }).join("\n"));
  }
}

/** Of the terminal; on a pipe there is none. */
function terminalWidth(): number {
  try {
    const { columns } = Deno.consoleSize();
    return columns > 0 ? columns : PIPE_WIDTH;
  } catch {
    return PIPE_WIDTH;
  }
}
