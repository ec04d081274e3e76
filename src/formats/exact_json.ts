import { DeserializationError } from "../record/errors.ts";
import { NumberText } from "./column_type.ts";

/** Deepest nesting of arrays and objects that is looked into. A row needs three levels. */
const NESTING_MAX = 64;

interface ReviverContext {
  readonly source?: string;
}

type ExactParse = (text: string, reviver: (key: string, value: unknown, context: ReviverContext) => unknown) => unknown;

/**
 * JSON.parse with every number as {@link NumberText}. Several times slower than JSON.parse, so only for the records
 * that need it.
 * @throws SyntaxError if `text` is not JSON. @throws DeserializationError `too_deep`, because revivers run recursively
 */
export function parseExact(text: string): unknown {
  if (textNesting(text) > NESTING_MAX) throw tooDeep();
  // TypeScript's library does not know the reviver's third argument yet.
  return (JSON.parse as ExactParse)(
    text,
    (_key, value, context) => typeof value === "number" ? new NumberText(context.source ?? String(value)) : value,
  );
}

/** True if arrays and objects inside `value` are nested deeper than {@link NESTING_MAX}. Takes no stack. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > NESTING_MAX) return true;
    const next: unknown[] = [];
    for (const element of level) {
      if (typeof element !== "object" || element === null) continue;
      for (const inner of Object.values(element)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    level = next;
  }
  return false;
}

/** The error of a record that is nested too deeply. */
export function tooDeep(): DeserializationError {
  return new DeserializationError(
    "too_deep",
    `Cannot read the record as a row: it is nested deeper than ${NESTING_MAX} levels. ` +
      `Debezium writes no such rows: look at the producer`,
  );
}

function textNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 92) index++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth--;
  }
  return deepest;
}
