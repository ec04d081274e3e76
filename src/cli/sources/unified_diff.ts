/** A piece of a text, from `start` to below `end`, and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines before and behind a change that are shown with it. */
const CONTEXT = 3;

/** The text with these edits, none of which overlaps another. Of two at one place the later of the list comes first. */
export function withEdits(text: string, edits: readonly Edit[]): string {
  let edited = text;
  for (const { start, end, text: put } of descending(edits)) edited = edited.slice(0, start) + put + edited.slice(end);
  return edited;
}

/** Lines that are replaced by others: from the line `at`, from 0, `old` go, and `put` come. */
interface Change {
  readonly at: number;
  readonly old: readonly string[];
  readonly put: readonly string[];
}

/**
 * What edits do to a file, as `diff -u` shows it and `patch` takes it; empty if they change nothing. By hand, as the
 * edits are known: a library would look for them again. A line that lacks its end at the end of the file is shown with
 * one.
 */
export function unifiedDiff(
  path: string,
  { text, edits }: { readonly text: string; readonly edits: readonly Edit[] },
): string {
  const lines = linesOf(text);
  const hunks: Change[][] = [];
  for (const change of changesOf(text, edits)) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.at - (last.at + last.old.length) <= 2 * CONTEXT) hunks.at(-1)!.push(change);
    else hunks.push([change]);
  }
  if (hunks.length === 0) return "";
  let shift = 0;
  const texts = hunks.map((changes) => {
    const end = changes.at(-1)!.at + changes.at(-1)!.old.length;
    const [from, to] = [Math.max(0, changes[0].at - CONTEXT), Math.min(lines.length, end + CONTEXT)];
    const shown: string[] = [];
    let at = from;
    for (const change of changes) {
      shown.push(...lines.slice(at, change.at).map((line) => ` ${line}`));
      shown.push(...change.old.map((line) => `-${line}`), ...change.put.map((line) => `+${line}`));
      at = change.at + change.old.length;
    }
    shown.push(...lines.slice(at, to).map((line) => ` ${line}`));
    const grown = changes.reduce((sum, { old, put }) => sum + put.length - old.length, 0);
    const head = `@@ -${rangeText(from, to - from)} +${rangeText(from + shift, to - from + grown)} @@`;
    shift += grown;
    return [head, ...shown].join("\n");
  });
  return [`--- ${path}`, `+++ ${path}`, ...texts].join("\n");
}

/** Lines are counted from 1; of no lines the one before is named. */
function rangeText(from: number, count: number): string {
  return `${count === 0 ? from : from + 1},${count}`;
}

/** In the order of the lines, and none next to another. */
function changesOf(text: string, edits: readonly Edit[]): Change[] {
  // Whole lines, so that edits of one line, or of two that touch, are one change.
  const ranges: { start: number; end: number; edits: Edit[] }[] = [];
  for (const edit of descending(edits).reverse()) {
    const start = edit.start === 0 ? 0 : text.lastIndexOf("\n", edit.start - 1) + 1;
    const whole = edit.end === start && (edit.text.endsWith("\n") || edit.text === "");
    const newline = text.indexOf("\n", edit.end);
    const end = whole ? edit.end : newline < 0 ? text.length : newline + 1;
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end) {
      last.end = Math.max(last.end, end);
      last.edits.push(edit);
    } else ranges.push({ start, end, edits: [edit] });
  }
  return ranges.flatMap(({ start, end, edits }) => {
    const moved = edits.toReversed().map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const old = text.slice(start, end);
    const change = trimmed(linesOf(old), linesOf(withEdits(old, moved)));
    if (change.old.length + change.put.length === 0) return [];
    return [{ ...change, at: linesOf(text.slice(0, start)).length + change.at }];
  });
}

/** Without lines that stay at the beginning and the end. */
function trimmed(old: readonly string[], put: readonly string[]): Change {
  const shorter = Math.min(old.length, put.length);
  let at = 0;
  while (at < shorter && old[at] === put[at]) at++;
  let behind = 0;
  while (behind < shorter - at && old.at(-1 - behind) === put.at(-1 - behind)) behind++;
  return { at, old: old.slice(at, old.length - behind), put: put.slice(at, put.length - behind) };
}

/** Those behind come first. */
function descending(edits: readonly Edit[]): Edit[] {
  return edits.toSorted((a, b) => b.start - a.start);
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
