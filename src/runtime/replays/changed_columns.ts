import type { Bytes } from "../../ports/log.ts";
import { isRawObject, parseRaw } from "../../record/raw_json.ts";
import { rowIn, textOf } from "./edited_record.ts";

/** Columns of a flattened row that tell what kind of change it is begin so. */
const METADATA = "__";

/**
 * Columns in which the row of `value` differs from that of the record as it lies: who reads none of them reads the same
 * of both. Null where that cannot be told: one of them has no row in JSON, or they differ in more than their rows.
 */
export function changedColumns(record: Bytes | null, value: string | null): readonly string[] | null {
  const [was, is] = [partsOf(record), partsOf(value)];
  if (was === null || is === null || was.frame !== is.frame) return null;
  const names = new Set([...was.columns.keys(), ...is.columns.keys()]);
  const changed = [...names].filter((name) => was.columns.get(name) !== is.columns.get(name));
  return changed.some((name) => name.startsWith(METADATA)) ? null : changed;
}

/** The row's columns as JSON, and everything around them. */
function partsOf(value: Bytes | null): { frame: string; columns: Map<string, string> } | null {
  const text = value === null ? null : textOf(value);
  if (text === null) return null;
  try {
    const root = parseRaw(text);
    const row = isRawObject(root) ? rowIn(root) : null;
    if (!isRawObject(row)) return null;
    const columns = new Map(Object.entries(row).map(([name, column]) => [name, JSON.stringify(column)]));
    return { columns, frame: JSON.stringify(root, (_name, part) => part === row ? null : part) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
