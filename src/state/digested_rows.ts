import { digestOf } from "../record/digest.ts";
import type { Row } from "../record/row.ts";
import { encodeWire } from "../record/wire.ts";
import { NumberCells } from "./cells.ts";
import { PackedRows } from "./packed_rows.ts";
import type { Slot, SlotOwner } from "./slots.ts";

/** Rows by slot with their digests, each of which is computed when it is asked for first. */
export class DigestedRows {
  /** To be read: what is written past {@link write} keeps the digest of the row before. */
  readonly rows: PackedRows;
  readonly #digests: NumberCells;

  constructor(owner: SlotOwner) {
    this.rows = owner.attach(new PackedRows());
    this.#digests = owner.attach(new NumberCells());
  }

  has(slot: Slot): boolean {
    return this.rows.has(slot);
  }

  read(slot: Slot): Row | null {
    return this.rows.read(slot);
  }

  /** As `Rows.write`. */
  write(slot: Slot, row: Row | null): boolean {
    if (!this.rows.write(slot, row)) return false;
    this.#digests.set(slot, null);
    return true;
  }

  /** Null for a row with values that no text stands for: it equals no other. */
  digest(slot: Slot): number | null {
    const known = this.#digests.get(slot);
    if (known !== null) return known;
    const digest = digestOfRow(this.read(slot));
    this.#digests.set(slot, digest);
    return digest;
  }
}

function digestOfRow(row: Row | null): number | null {
  try {
    return digestOf(encodeWire(row));
  } catch {
    return null;
  }
}
