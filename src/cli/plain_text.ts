/** Stands where a text was cut off. */
export const MARK = "...";

/** In one line, without what a terminal would obey. */
export function plain(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll(/\p{Cc}/gu, " ");
}

/** At most so many characters; what was cut off is marked. */
export function shortened(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - MARK.length))}${MARK}`;
}
