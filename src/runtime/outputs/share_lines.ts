import type { AggregatePlan, SinkPlan } from "../../plan/physical.ts";
import type { SharePart } from "../../processor/aggregate.ts";
import { keyGuard } from "../../processor/key_guard.ts";
import { type ShareEncoder, shareEncoder } from "../../processor/share_row.ts";
import type { Row } from "../../record/row.ts";
import { hasShape } from "../../state/row_shape.ts";

/** Shares of one sink as ClickHouse is given them, with a check that the sink's key is the group's columns. */
export class ShareLines {
  readonly #key: readonly string[];
  readonly #encoder: ShareEncoder;
  readonly #guardKey: ((row: Row) => void) | null;
  /** Columns of a group that were found to be the key: nearly all groups have the same in one order. */
  #checked: readonly string[] | null = null;

  constructor({ table }: SinkPlan, aggregate: AggregatePlan) {
    this.#key = table.key;
    this.#encoder = shareEncoder(table, aggregate);
    this.#guardKey = keyGuard(table.columns, table.key);
  }

  /** Encodes the share as it is written; gives its digest. @throws TypeError | RangeError for what cannot be written */
  write(columns: Row, parts: readonly SharePart[]): number {
    this.#check(columns);
    return this.#encoder.write(columns, parts);
  }

  /** Digest of the share, or of the mark in its place, as earlier versions took it of the text. */
  textDigest(columns: Row, parts: readonly SharePart[]): number {
    return this.#encoder.textDigest(columns, parts);
  }

  /** Encodes the mark of a share that cannot be written; null when not even the group's columns can. */
  writeMark(columns: Row): number | null {
    try {
      this.#check(columns);
      return this.#encoder.writeRefused(columns);
    } catch {
      // What is wrong with the columns is told where the share is encoded.
      return null;
    }
  }

  #check(columns: Row): void {
    if (this.#checked === null || !hasShape(columns, this.#checked)) this.#checkNames(columns);
    this.#guardKey?.(columns);
  }

  #checkNames(columns: Row): void {
    const names = Object.keys(columns).sort().join(", ");
    if (names !== [...this.#key].sort().join(", ")) {
      throw new TypeError(`the sink's key (${this.#key.join(", ")}) must be the group's columns (${names})`);
    }
    this.#checked = Object.keys(columns);
  }
}
