import type { StoredLetter, StoredLetters } from "../../adapters/local/stored_letters.ts";
import type { LetterEdit, ReplayResult } from "../../runtime/replays/replay.ts";
import type { Runner } from "../../runtime/runner.ts";
import { ProductionError } from "../../record/errors.ts";
import { MASKED } from "../../record/mask.ts";
import type { LetterResult } from "./letter_answers.ts";
import { editShown, isMasked, whyNotEdited } from "./shown_letter.ts";

/** Characters of letters' records that are tried at once: their partitions are looked through once for all of them. */
const TRIED_CHARS = 32 * 2 ** 20;

/** A topology as far as its letters are replayed. */
export interface ReplayingRun {
  readonly name: string;
  readonly state: string;
  readonly runner: Pick<Runner, "replays" | "deadLetters"> | null;
}

/** Where letters are, and who replays them. */
export interface ReplayParts {
  readonly letters: StoredLetters;
  readonly runs: readonly ReplayingRun[];
  readonly nowMs: () => number;
  /** Whether contents of rows may be told, as sentences of what was not replayed do. */
  readonly showsRows: boolean;
}

/** An edit of one letter, or (without its id) of all of them. */
export interface EditOf extends LetterEdit {
  readonly id?: string;
}

/** A letter that is tried. */
interface Tried {
  readonly letter: StoredLetter;
  readonly edit: LetterEdit | null;
}

/**
 * Replays letters, and keeps what was tried and what came of it: noted before anything is written, so that a process
 * that dies leaves the letter open, with an attempt of which nobody knows the end. Resolves to the results in the order
 * of `ids`. Many large letters are tried in parts, one after the other.
 */
export async function replayLetters(
  parts: ReplayParts,
  { ids, edit }: { readonly ids: readonly string[]; readonly edit: EditOf | null },
): Promise<LetterResult[]> {
  const results = new Map<string, LetterResult>();
  const tried = new Map<ReplayingRun, Tried[]>();
  const refuse = (id: string, sentence: string) => void results.set(id, { id, outcome: "refused", sentence });
  let chars = 0;
  const tryThese = async () => {
    for (const [run, letters] of tried) {
      for (const result of await tryAll(parts, { run, letters })) results.set(result.id, result);
    }
    tried.clear();
    chars = 0;
  };
  for (const id of new Set(ids)) {
    const letter = parts.letters.letter(id);
    if (letter === null) refuse(id, `There is no dead letter ${id}: deno task dlq lists those that there are`);
    else if (letter.resolvedMs !== null) refuse(id, `It no longer applies: ${letter.resolution}`);
    else {
      const run = parts.runs.find(({ name }) => name === letter.topology);
      const own = editOf(id, edit);
      const why = whyNot(letter, run) ?? (own === null ? null : whyNotEdited(letter, own));
      if (why !== null) refuse(id, why);
      else {
        tried.getOrInsertComputed(run!, () => []).push({ letter, edit: own });
        chars += letter.record?.length ?? 0;
        if (chars > TRIED_CHARS) await tryThese();
      }
    }
  }
  await tryThese();
  return [...new Set(ids)].map((id) => results.get(id)!);
}

function whyNot({ topology }: StoredLetter, run: ReplayingRun | undefined): string | null {
  if (run === undefined) {
    return `Topology "${topology}" is not run by this instance: start it, or ask the one that runs it`;
  }
  if (run.runner?.replays) return null;
  return `Topology "${topology}" is ${run.state}, and replays nothing now: try again once it runs`;
}

function editOf(id: string, edit: EditOf | null): LetterEdit | null {
  if (edit === null || (edit.id !== undefined && edit.id !== id)) return null;
  const { id: _, ...rest } = edit;
  return rest;
}

async function tryAll(
  { letters: stored, nowMs, showsRows }: ReplayParts,
  { run, letters }: { readonly run: ReplayingRun; readonly letters: readonly Tried[] },
): Promise<LetterResult[]> {
  const { replays, deadLetters } = run.runner!;
  const attempts = new Map<string, string>();
  for (const [text, group] of Map.groupBy(letters, editKept)) {
    const begun = await stored.begin(group.map(({ letter }) => letter.id), { edit: text, nowMs: nowMs() });
    for (const [id, attempt] of begun) attempts.set(id, attempt);
  }
  const own = letters.filter(({ letter }) => attempts.has(letter.id));
  const whole = await replays!.replay(own).catch(async (error): Promise<ReplayResult[]> => {
    const hides = own.some(({ letter }) => isMasked(letter));
    const told: Error = hides ? new ProductionError(MASKED_WHY, { retriable: false, cause: error }) : error;
    const { message: sentence } = told;
    await stored.end([...attempts.values()].map((attempt) => ({ attempt, outcome: "failed", sentence })));
    throw told;
  });
  const results = whole.map((result, index) => withoutMasked(own[index].letter, result));
  await deadLetters.flush();
  await stored.end(own.map(({ letter }, index) => ({ attempt: attempts.get(letter.id)!, ...results[index] })));
  const busy = letters.filter(({ letter }) => !attempts.has(letter.id)).map(({ letter: { id } }): LetterResult => ({
    id,
    outcome: "refused",
    sentence: "Another process replays it now, or did until a moment ago: try again in a minute",
  }));
  const told = (id: string, result: ReplayResult): LetterResult => ({
    id,
    ...showsRows || result.outcome === "replayed" ? result : { outcome: result.outcome, sentence: hiddenWhy(id) },
  });
  return [...own.map(({ letter: { id } }, index) => told(id, results[index])), ...busy];
}

/** As JSON; null: nothing was changed. */
function editKept({ letter, edit }: Tried): string | null {
  if (edit === null) return null;
  return isMasked(letter) ? editShown(edit) : JSON.stringify(edit);
}

const MASKED_WHY = `${MASKED}: why may quote columns of the source that are masked`;

/** What is told of it, and kept: of a masked letter what quotes nothing of its record. */
function withoutMasked(letter: StoredLetter, { outcome, sentence, brief = sentence }: ReplayResult): ReplayResult {
  return { outcome, sentence: isMasked(letter) ? brief : sentence };
}

function hiddenWhy(id: string): string {
  return `Why is not told here, where WEIR_CONSOLE_ROWS is off: deno task dlq show ${id} has it, on its machine`;
}
