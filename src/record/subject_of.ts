import { digestOf } from "./digest.ts";
import { type Key, keyText } from "./key.ts";

/** A longer text is told apart by its digest. */
const LENGTH_MAX = 900;

/** A key as the subject of a dead letter: one text for equal keys, of bounded length. */
export function subjectOf(key: Key): string {
  const text = keyText(key);
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)} ${digestOf(text)}`;
}
