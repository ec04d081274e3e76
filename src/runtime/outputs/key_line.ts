import type { SinkPlan } from "../../plan/physical.ts";
import { type Key, keyParts } from "../../record/key.ts";

/** JSON array, without its closing bracket, of the key columns of a sink for a row key: what a tombstone needs. */
export function keyLineOf(plan: SinkPlan, key: Key): string {
  const { keyOrder, table } = plan;
  const parts = keyParts(key);
  const cells = table.key.map((column, index) => {
    const type = table.columns.find((candidate) => candidate.name === column)!.type;
    return keyCell(type, parts[keyOrder[index]]);
  });
  return `[${cells.join(",")}`;
}

/** JSON text of a key part as the row encoder would write it: only dates differ from the key's own text. */
function keyCell(type: string, part: string): string {
  if (/^(?:LowCardinality\(|Nullable\()*Date(32)?\)*$/.test(type) && /^-?\d+$/.test(part)) {
    return `"${new Date(Number(part) * 86_400_000).toISOString().slice(0, 10)}"`;
  }
  return part;
}
