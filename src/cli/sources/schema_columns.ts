import { rowFields } from "../../formats/connect_schema.ts";
import type { ConnectField } from "../../record/connect_field.ts";
import { commentLines } from "./database_table.ts";
import { declaredField } from "./field_type.ts";
import type { LeftOut, PulledColumn } from "./pulled_table.ts";

/** Columns as they are to be declared, and those that cannot be. */
export interface Columns {
  readonly columns: PulledColumn[];
  readonly leftOut: LeftOut[];
}

/** The columns of a row, as a schema has them. */
export function schemaColumns(schema: ConnectField): Columns {
  const columns: PulledColumn[] = [];
  const leftOut: LeftOut[] = [];
  for (const field of rowFields(schema)) {
    const name = field.field!;
    if (name.startsWith("__")) continue;
    const declared = declaredField(field);
    if ("refused" in declared) leftOut.push({ name, why: declared.refused });
    else {
      const end = field.absent === true ? ".nullish()" : field.optional === true ? ".nullable()" : "";
      const comments = [
        ...commentLines(field.doc ?? null),
        ...declared.comment === undefined ? [] : [declared.comment],
      ];
      columns.push({ name, expression: declared.expression + end, comments });
    }
  }
  return { columns, leftOut };
}
