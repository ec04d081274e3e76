import { keyColumnOf } from "../formats/key_form.ts";
import type { KeyColumn } from "../record/key_column.ts";
import type { SourceSpec } from "./source.ts";

const known = new WeakMap<SourceSpec, readonly KeyColumn[]>();

/** What is known of a source's key columns, in the key's order. */
export function keyColumnsOf(source: SourceSpec): readonly KeyColumn[] {
  let columns = known.get(source);
  if (columns === undefined) {
    columns = source.key.map((name) => keyColumnOf(name, { schema: source.row.shape[name], format: source.format }));
    known.set(source, columns);
  }
  return columns;
}
