import type { KeptLetter } from "../adapters/local/dead_letters.ts";
import type { Attempt } from "../adapters/local/stored_letters.ts";
import type { DeadLetter } from "../ports/dead_letters.ts";
import { counted, grouped } from "./numbers.ts";
import { MARK, plain, shortened } from "./plain_text.ts";

/** A letter as it is shown: with its name, and what was tried, if that is known. */
export interface ListedLetter extends KeptLetter {
  readonly id?: string;
  readonly attempts?: readonly Attempt[];
}

/** How letters are shown. */
export interface ListingOptions {
  /** Columns of a line; null: nothing is cut, and rows and stacks are shown. */
  readonly width: number | null;
  /** How many there are in all, listed or not. */
  readonly open: number;
  readonly resolved: number;
  /** Whether resolved ones are listed, too. */
  readonly all: boolean;
  /** How many were dropped, ever, because there were too many. */
  readonly dropped: number;
}

const LABEL_WIDTH = 10;
const INDENT = LABEL_WIDTH + 2;
/** Lines of an error that are shown of one that is cut. */
const ERROR_LINES_MAX = 3;

/** Each letter as some lines, and below them how many there are. */
export function* listingOf(letters: Iterable<ListedLetter>, options: ListingOptions): Generator<string> {
  const { width, open, resolved, all, dropped } = options;
  let listed = 0;
  let cut = false;
  for (const letter of letters) {
    listed++;
    const lines = width === null ? fullLines(letter) : shortLines(letter, width);
    cut ||= width !== null && lines.some((line) => line.endsWith(MARK));
    yield* lines;
    yield "";
  }
  if (listed === 0) yield open + resolved === 0 ? "No dead letters" : "No open dead letters";
  else {
    const kind = all ? `dead letters, ${grouped(open)} of them open` : "open dead letters";
    yield `${grouped(listed)} of ${grouped(all ? open + resolved : open)} ${kind}`;
  }
  if (!all && resolved > 0) yield `${counted(resolved, "resolved one")} with --all`;
  if (dropped > 0) yield `${grouped(dropped)} older ones were dropped, because there were too many`;
  if (cut) yield `Texts that end in ${MARK} are cut: --full shows all of them, with rows and stacks`;
  else if (width !== null && listed > 0) yield "Rows and stacks with --full";
}

/** What a letter says, without the operator and the key that are told beside it. */
export function whyOf({ operator, subject, error }: DeadLetter): string {
  const said = `Cannot evaluate "${operator}" for key ${subject}: `;
  return error.startsWith(said) ? error.slice(said.length) : error;
}

function shortLines(letter: ListedLetter, width: number): string[] {
  return [
    shortened(headOf(letter), width),
    ...fieldsOf(letter, whyOf(letter)).flatMap(([label, text]) => {
      const room = Math.max(20, width - INDENT);
      const linesMax = label === "error" ? ERROR_LINES_MAX : 1;
      const all = shortened(plain(text), linesMax * room);
      return Array.from(
        { length: Math.ceil(all.length / room) },
        (_, line) => field(line === 0 ? label : "", all.slice(line * room, (line + 1) * room)),
      );
    }),
  ];
}

/** All of a letter, and of what was tried with it. */
export function fullLines(letter: ListedLetter): string[] {
  const { record, stack, attempts = [] } = letter;
  const tries = attempts.length === 0 ? null : attempts.map(attemptText).join("\n");
  const more = [["row", record], ["stack", stack], ["attempts", tries]].filter((one): one is [string, string] =>
    one[1] !== null
  );
  const name = letter.stage === "decode" ? "record" : "row";
  return [
    headOf(letter),
    ...[...fieldsOf(letter, letter.error), ...more].flatMap(([label, text]) => {
      const [first, ...others] = text.split("\n").map(plain);
      return [field(label === "row" ? name : label, first), ...others.map((line) => field("", line))];
    }),
  ];
}

function headOf({ id, timestampMs, topology, stage, reason, operator }: ListedLetter): string {
  const name = id === undefined ? "" : `${id}  `;
  return plain(`${name}${timeOf(timestampMs)}  ${topology}  ${stage} ${reason} at "${operator}"`);
}

/** What is shown in any case, in the order in which it helps. */
function fieldsOf(letter: ListedLetter, error: string): [string, string][] {
  const { key, resolvedMs, resolution, stack, attempts = [] } = letter;
  const fields: [string, string | null][] = [
    ["key", key],
    ["from", originOf(letter)],
    ["error", error],
    ["thrown", stack?.split("\n")[0] ?? null],
    ["tried", attempts.length === 0 ? null : triedText(attempts)],
    ["resolved", resolvedMs === null ? null : `${timeOf(resolvedMs)} ${resolution}`],
  ];
  return fields.filter((one): one is [string, string] => one[1] !== null);
}

function triedText(attempts: readonly Attempt[]): string {
  const times = attempts.length === 1 ? "once" : `${grouped(attempts.length)} times`;
  return `${times}, at last ${attemptText(attempts.at(-1)!)}`;
}

function attemptText({ atMs, outcome, sentence, edit }: Attempt): string {
  const changed = edit === null ? "" : ` (with ${edit})`;
  const what = outcome === "begun" ? "begun, and nobody knows what came of it: replay it again" : outcome;
  return `${timeOf(atMs)} ${what}${sentence === null ? "" : `: ${sentence}`}${changed}`;
}

function originOf({ topic, partition, offset, occasion }: ListedLetter): string | null {
  if (topic !== null) return `${topic}, partition ${partition}, offset ${offset}`;
  return occasion === "start" ? "evaluated at a start, with all rows" : null;
}

function field(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
