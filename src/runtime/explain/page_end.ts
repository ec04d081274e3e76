import { decodeWire } from "../../record/wire.ts";

/** What a page has said of its end, for the page behind it. @throws SyntaxError for what no page has said */
export function valuesIn(after: string): readonly unknown[] {
  let values: unknown;
  try {
    values = decodeWire(after);
  } catch (error) {
    throw unreadable(after, error);
  }
  if (Array.isArray(values)) return values;
  throw unreadable(after);
}

/** The error for what no page has said. */
export function unreadable(after: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot go on behind "${after}": give what the last page said, as it is`, { cause });
}
