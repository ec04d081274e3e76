import type { Row } from "../../src/record/row.ts";
import { wireEquals } from "../../src/record/wire.ts";
import { HeapCells } from "../../src/state/heap_cells.ts";
import { isRow, type Rows } from "../../src/state/rows.ts";
import type { Loading, SectionReader, SectionWriter, Slot } from "../../src/state/slots.ts";

/** Rows as the objects that were given: what columns are measured against, and must agree with. */
export class ObjectRows implements Rows {
  readonly #rows = new HeapCells(isRow);

  has(slot: Slot): boolean {
    return this.#rows.get(slot) !== null;
  }

  /** The very object that was written. */
  read(slot: Slot): Row | null {
    return this.#rows.get(slot);
  }

  write(slot: Slot, row: Row | null): boolean {
    if (wireEquals(this.#rows.get(slot), row)) return false;
    this.#rows.set(slot, row);
    return true;
  }

  grow(slot: Slot): void {
    this.#rows.grow(slot);
  }

  clear(slot: Slot): void {
    this.#rows.clear(slot);
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  save(to: SectionWriter): void {
    this.#rows.save(to);
  }

  load(from: SectionReader): Loading {
    return this.#rows.load(from);
  }
}
