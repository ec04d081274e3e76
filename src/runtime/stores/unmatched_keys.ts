import { type Key, keyParts, keyText, parseKeyText } from "../../record/key.ts";

/** Keys of both sides of a join that finds no partners. */
export interface UnmatchedKeys {
  /** Foreign keys without a partner. */
  readonly wanted: readonly Key[];
  /** Of rows that are there. */
  readonly there: readonly Key[];
  readonly has: (key: Key) => boolean;
}

/** What both sides' keys look like, and what would make one of the other; empty if there is nothing to tell. */
export function describeKeys({ wanted, there, has }: UnmatchedKeys, rightTable: string): string {
  const sides = [
    ...there.length === 0 ? [] : [`keys of "${rightTable}" are ${shown(there)}`],
    ...wanted.length === 0 ? [] : [`those looked for are ${shown(wanted)}`],
  ];
  const hint = wanted.map((key) => hintFor(key, has)).find((text) => text !== null);
  return `${sides.join("; ")}${hint === undefined ? "" : `. They would be found ${hint}`}`;
}

/** `text, e.g. "17", "18"` */
function shown(keys: readonly Key[]): string {
  return `${kindOf(keys[0])}, e.g. ${keys.map((key) => shortened(keyText(key))).join(", ")}`;
}

const LENGTH_MAX = 60;

function shortened(text: string): string {
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}...`;
}

function kindOf(key: Key): string {
  const parts = keyParts(key);
  if (parts.length > 1) return `${parts.length} values`;
  const [part] = parts;
  if (part.startsWith('"')) return "text";
  return part === "null" ? "null" : part === "true" || part === "false" ? "truth values" : "numbers";
}

/** What would have to be done with the key for its row to be found; null if that is not known. */
function hintFor(key: Key, has: (key: Key) => boolean): string | null {
  const parts = keyParts(key);
  if (parts.length > 1) return null;
  const [part] = parts;
  if (!part.startsWith('"')) return has(JSON.stringify(part)) ? "as text" : null;
  const text = JSON.parse(part) as string;
  const tries: readonly (readonly [string, string])[] = [
    ["without the blanks around them", text.trim()],
    ["in lower case", text.toLowerCase()],
    ["in upper case", text.toUpperCase()],
    ["without the zeros before them", text.replace(/^0+(?=.)/, "")],
    ["without what is before their last -, _, : or /", text.replace(/^.*[-_:/]/, "")],
  ];
  for (const [how, tried] of tries) {
    if (tried !== text && has(JSON.stringify(tried))) return how;
    if (!/^-?\d+$/.test(tried) || !has(parseKeyText(tried))) continue;
    return tried === text ? "as numbers" : `${how}, as numbers`;
  }
  return null;
}
