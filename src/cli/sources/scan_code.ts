/** A piece of a list in source text, between commas: `start` and `end` are its bounds without blanks and comments. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What stands between a pair of brackets. */
export interface Bracketed {
  /** Of the opening bracket. */
  readonly open: number;
  /** Of the closing one. */
  readonly close: number;
  readonly pieces: readonly Piece[];
  /** Texts of the comments directly inside, without their marks. */
  readonly comments: readonly string[];
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * Reads the brackets that open at `open`: texts, templates and comments are passed over, inner brackets belong to the
 * pieces. Null if they do not close.
 *
 * By hand, as far as declarations need it: a parser of TypeScript (its compiler has nine megabytes) would be the
 * largest library of the project, for the one question where a list's items begin and end. What this reader does not
 * understand it leaves alone.
 */
export function readBrackets(text: string, open: number): Bracketed | null {
  const pieces: Piece[] = [];
  const comments: string[] = [];
  const stack = [CLOSING[text[open]]];
  let start = -1;
  let end = -1;
  const add = () => {
    if (start >= 0) pieces.push({ start, end, text: text.slice(start, end) });
    start = -1;
  };
  for (let at = open + 1; at < text.length;) {
    const skipped = pastComment(text, at);
    if (skipped > at) {
      if (stack.length === 1) comments.push(bare(text.slice(at, skipped)));
      at = skipped;
      continue;
    }
    const character = text[at];
    const next = pastText(text, at);
    if (stack.length === 1 && character === stack[0]) {
      add();
      return { open, close: at, pieces, comments };
    }
    if (stack.length === 1 && character === ",") add();
    else if (!/\s/.test(character)) {
      if (start < 0) start = at;
      end = next;
    }
    if (character in CLOSING) stack.push(CLOSING[character]);
    else if (character === stack.at(-1)) stack.pop();
    at = next;
  }
  return null;
}

/** Where each `word(` begins that is code, and no text or comment. */
export function callsOf(text: string, word: string): number[] {
  const found: number[] = [];
  for (let at = 0; at < text.length;) {
    const skipped = pastComment(text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    if (text.startsWith(`${word}(`, at) && !/[.\w$]/.test(text[at - 1] ?? " ")) found.push(at);
    at = pastText(text, at);
  }
  return found;
}

/** Behind the comment that begins here; `at` if none does. */
function pastComment(text: string, at: number): number {
  if (text.startsWith("//", at)) {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  if (!text.startsWith("/*", at)) return at;
  const end = text.indexOf("*/", at + 2);
  return end < 0 ? text.length : end + 2;
}

/** Behind the text that begins here, or behind one character. */
function pastText(text: string, at: number): number {
  const quote = text[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return at + 1;
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === quote) return end + 1;
  }
  return text.length;
}

function bare(comment: string): string {
  return comment.replaceAll(/^\/\*+|\*+\/$|^\/\/|^\s*\*/gm, "").trim();
}
