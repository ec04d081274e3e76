import type { StoredLetter } from "../../adapters/local/stored_letters.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { MASKED } from "../../record/mask.ts";
import type { LetterEdit } from "../../runtime/replays/replay.ts";

/** Whether something of it is masked: it was kept without. */
export function isMasked({ key, record, error }: Pick<DeadLetter, "key" | "record" | "error">): boolean {
  return [key, record, error].some((text) => text?.includes(MASKED) === true);
}

/** A letter as people see it: what it is about, in the form of its keys, is kept to find its row by. */
export function shownLetter(letter: StoredLetter): StoredLetter {
  return letter.key?.includes(MASKED) === true && letter.subject !== null ? { ...letter, subject: MASKED } : letter;
}

/** What is kept of an edit of a masked letter: which columns were set, and not to what. */
export function editShown({ key, value, set }: LetterEdit): string {
  const given = Object.entries({ key, value }).flatMap(([name, text]) => text === undefined ? [] : [[name, MASKED]]);
  const names = Object.keys(set ?? {}).map((column) => [column, MASKED]);
  return JSON.stringify({
    ...Object.fromEntries(given),
    ...set === undefined ? {} : { set: Object.fromEntries(names) },
  });
}

/** Why a masked letter cannot be edited so; null if it can. */
export function whyNotEdited(letter: StoredLetter, { key, value }: LetterEdit): string | null {
  if (!isMasked(letter) || ![key, value].some((text) => text?.includes(MASKED) === true)) return null;
  return `Columns of its record are masked, so its value as it is shown is not the whole of it: set single columns ` +
    `(dlq edit ${letter.id} --set column=value), and all others stay as they are`;
}
