import { plain, shortened } from "./plain_text.ts";

/** Widest cell shown; longer ones are cut. */
const CELL_LENGTH_MAX = 100;

/** Rows under headings, in columns of equal width, separated by two blanks. `right`: columns aligned to the right. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: { readonly right?: readonly boolean[] } = {},
): string[] {
  const cut = rows.map((row) => row.map(cell));
  const widths = headings.map((heading, index) =>
    cut.reduce((width, row) => Math.max(width, widthOf(row[index])), widthOf(heading))
  );
  const line = (row: readonly string[]) =>
    row.map((text, index) => {
      const blanks = " ".repeat(Math.max(0, widths[index] - widthOf(text)));
      return right[index] ? blanks + text : text + blanks;
    }).join("  ").trimEnd();
  return [line(headings), widths.map((width) => "-".repeat(width)).join("  "), ...cut.map(line)];
}

function cell(text: string): string {
  return shortened(plain(text), CELL_LENGTH_MAX);
}

/** Columns that a text takes on a terminal, near enough: wide characters of East Asian scripts and emoji take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const wide = code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff));
    width += wide ? 2 : 1;
  }
  return width;
}
