import type { SinkPlan } from "../../plan/physical.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import type { RowWriter } from "../../processor/line_writer.ts";
import { tableWriter } from "../../processor/table_writer.ts";
import { type Key, keyOf, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { carriedKeyOf } from "./key_line.ts";

/** Rows of one sink as ClickHouse is given them, with a check that they carry their key. */
export class SinkLines {
  readonly #plan: SinkPlan;
  readonly #writer: RowWriter;
  readonly #guardKey: ((row: Row) => void) | null;
  /** Key columns in the order of the row key. */
  readonly #keyNames: readonly string[];

  constructor(plan: SinkPlan) {
    const { table } = plan;
    this.#plan = plan;
    this.#writer = tableWriter(table);
    this.#guardKey = keyGuard(table.columns, table.key);
    this.#keyNames = carriedKeyOf(plan);
  }

  /** Encodes the row as it is written; gives its digest. @throws TypeError | RangeError for what cannot be written */
  write(key: Key, row: Row): number {
    const names = this.#keyNames;
    if (names.length > 0 && keyOf(names.length === 1 ? [row[names[0]]] : names.map((name) => row[name])) !== key) {
      const { table, byName } = this.#plan;
      const values = table.key.map((column) => `${column}=${String(row[column])}`).join(", ");
      throw new TypeError(
        `the sink's key columns (${values}) must carry the row's key ${keyText(key)}${
          byName ? ", under the names of the group columns" : ", in its order"
        }`,
      );
    }
    this.#guardKey?.(row);
    return this.#writer.write(row);
  }

  /** Digest of the row as earlier versions took it of its text. */
  textDigest(row: Row): number {
    return this.#writer.textDigest(row);
  }
}
