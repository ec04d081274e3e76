const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A row's line, of its text. */
export function lineOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of a row's line. */
export function lineText(line: Uint8Array): string {
  return decoder.decode(line);
}
