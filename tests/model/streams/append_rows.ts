import type { AppendRow } from "./append_table.ts";
import { type Input, ROWS_MAX } from "./world.ts";

/** The rows that a program makes of a record. */
export function rowsOf({ topicId, partition, offset, value }: Input, program: number): AppendRow[] {
  const count = value === 0 ? 0 : 1 + (value + program) % ROWS_MAX;
  return Array.from({ length: count }, (_, index) => ({ topicId, partition, offset, index, program }));
}

/** Names rows. */
export function digestOfRows(rows: readonly AppendRow[]): string {
  return rows.map(({ offset, index, program }) => `${offset}.${index}:${program}`).join(" ");
}
