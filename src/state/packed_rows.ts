import type { Row } from "../record/row.ts";
import { wireEquals } from "../record/wire.ts";
import { ByteCells } from "./cells.ts";
import { HeapCells } from "./heap_cells.ts";
import { compiledShape, hasShape, type RowShape, type ShapeMaker } from "./row_shape.ts";
import { isRow, type Rows } from "./rows.ts";
import { loadNumbers, loadSlots, misfit, saveNumbers } from "./sections.ts";
import { endsStep, type Loading, type SectionReader, type SectionWriter, type Slot } from "./slots.ts";
import { ValueCells } from "./value_cells.ts";

/** {@link PackedRows.kind} of a slot that has no row. */
export const NO_ROW = 0;
/** Its row is kept as an object. */
const AS_OBJECT = 1;
/** From here on: its row has the shape of this number. */
const FIRST_SHAPE = 2;

/** Shapes at most: what a byte can tell. */
const SHAPES_MAX = 250;
/** Columns that other shapes may add to those of the first: as many again, and these. */
const COLUMNS_ADDED_FREE = 8;
/** Wider rows are kept as objects. */
const COLUMNS_MAX = 1_000;

/** A shape that rows of a table have, and the names of its columns in order. */
export interface KnownShape extends RowShape {
  readonly names: readonly string[];
}

/**
 * Rows as columns by slot: an integer takes 4 bytes instead of a place in an object. Columns belong to names, not to
 * shapes, so rows whose columns have another order, and rows that lack some, share them. The first row tells the
 * columns; rows that would add too many to them, and instances of classes, are kept as objects beside.
 */
export class PackedRows implements Rows {
  readonly #kinds = new ByteCells();
  readonly #objects = new HeapCells(isRow);
  readonly #columns = new Map<string, ValueCells>();
  readonly #shapes: KnownShape[] = [];
  /** Their numbers, by the names as JSON. */
  readonly #numbers = new Map<string, number>();
  readonly #makeShape: ShapeMaker;
  /** Of the first shape. */
  #columnsFirst = 0;

  constructor({ shapes = compiledShape }: { readonly shapes?: ShapeMaker } = {}) {
    this.#makeShape = shapes;
  }

  has(slot: Slot): boolean {
    return this.#kinds.get(slot) !== NO_ROW;
  }

  /** Which of the table's shapes the row has, as a number below 256: see {@link shape}. */
  kind(slot: Slot): number {
    return this.#kinds.get(slot);
  }

  /** What rows of this kind have in common; null for {@link NO_ROW}, and for rows that are kept as objects. */
  shape(kind: number): KnownShape | null {
    return kind < FIRST_SHAPE ? null : this.#shapes[kind - FIRST_SHAPE];
  }

  /** A new plain object each time, of one hidden class for each shape; what is in it (arrays, dates) is shared. */
  read(slot: Slot): Row | null {
    const kind = this.#kinds.get(slot);
    if (kind >= FIRST_SHAPE) return this.#shapes[kind - FIRST_SHAPE].read(slot);
    if (kind === NO_ROW) return null;
    return copyOf(this.#objects.get(slot) as Row);
  }

  /** Whether the row held has the columns of `row` in the same order, and values that are equal (`wireEquals`). */
  equals(slot: Slot, row: Row): boolean {
    const kind = this.#kinds.get(slot);
    if (kind < FIRST_SHAPE) return false;
    const shape = this.#shapes[kind - FIRST_SHAPE];
    return hasShape(row, shape.names) && shape.equals(slot, row);
  }

  write(slot: Slot, row: Row | null): boolean {
    const kind = this.#kinds.get(slot);
    if (row === null) {
      if (kind !== NO_ROW) this.clear(slot);
      return kind !== NO_ROW;
    }
    if (kind >= FIRST_SHAPE) {
      const shape = this.#shapes[kind - FIRST_SHAPE];
      if (hasShape(row, shape.names)) {
        if (shape.equals(slot, row)) return false;
        shape.set(slot, row);
        return true;
      }
    }
    if (kind !== NO_ROW && wireEquals(this.read(slot), row)) return false;
    this.#put(slot, row);
    return true;
  }

  /** A row of a shape that the slot's row has not. */
  #put(slot: Slot, row: Row): void {
    const before = this.#kinds.get(slot);
    const kind = this.#kindOf(row);
    if (kind === AS_OBJECT) {
      this.clear(slot);
      // Not the caller's object, which may be changed.
      this.#objects.set(slot, copyOf(row));
    } else {
      const shape = this.#shapes[kind - FIRST_SHAPE];
      if (before === AS_OBJECT) this.#objects.clear(slot);
      else if (before !== NO_ROW) this.#clearColumns(slot, before);
      shape.set(slot, row);
    }
    this.#kinds.set(slot, kind);
  }

  /** The number of the row's shape, learnt now if need be; or AS_OBJECT. */
  #kindOf(row: Row): number {
    const newest = this.#shapes.at(-1);
    if (newest !== undefined && hasShape(row, newest.names)) return FIRST_SHAPE + this.#shapes.length - 1;
    if (!isRow(row)) return AS_OBJECT;
    const names = Object.keys(row);
    const known = this.#numbers.get(JSON.stringify(names));
    if (known !== undefined) return known;
    return this.#mayLearn(names) ? this.#learn(names) : AS_OBJECT;
  }

  #mayLearn(names: readonly string[]): boolean {
    if (this.#shapes.length >= SHAPES_MAX || names.length > COLUMNS_MAX) return false;
    if (this.#columnsFirst === 0) return true;
    const added = names.filter((name) => !this.#columns.has(name)).length;
    return this.#columns.size + added <= 2 * this.#columnsFirst + COLUMNS_ADDED_FREE;
  }

  #learn(names: readonly string[]): number {
    const columns = names.map((name) => {
      let cells = this.#columns.get(name);
      if (cells === undefined) {
        this.#columns.set(name, cells = new ValueCells());
        if (this.#kinds.slots > 0) cells.grow(this.#kinds.slots - 1);
      }
      return { name, cells };
    });
    if (this.#columnsFirst === 0) this.#columnsFirst = names.length;
    const number = FIRST_SHAPE + this.#shapes.length;
    this.#shapes.push({ names, ...this.#makeShape(columns) });
    this.#numbers.set(JSON.stringify(names), number);
    return number;
  }

  #clearColumns(slot: Slot, kind: number): void {
    for (const name of this.#shapes[kind - FIRST_SHAPE].names) this.#columns.get(name)!.clear(slot);
  }

  grow(slot: Slot): void {
    this.#kinds.grow(slot);
    this.#objects.grow(slot);
    for (const cells of this.#columns.values()) cells.grow(slot);
  }

  clear(slot: Slot): void {
    const kind = this.#kinds.get(slot);
    if (kind === NO_ROW) return;
    if (kind === AS_OBJECT) this.#objects.clear(slot);
    else this.#clearColumns(slot, kind);
    this.#kinds.set(slot, NO_ROW);
  }

  get bytes(): number {
    let bytes = this.#kinds.bytes + this.#objects.bytes;
    for (const cells of this.#columns.values()) bytes += cells.bytes;
    return bytes;
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#kinds.slots]);
    saveNumbers(to, [this.#shapes.length]);
    for (const { names } of this.#shapes) to.texts(names);
    this.#kinds.save(to);
    this.#objects.save(to);
    for (const cells of this.#columns.values()) cells.save(to);
  }

  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, this.#kinds.slots);
    if (slots > 0) this.grow(slots - 1);
    const [shapes] = loadNumbers(from, 1);
    if (shapes > SHAPES_MAX) throw misfit(`${shapes} shapes of rows`);
    for (let count = 0; count < shapes; count++) this.#learnSaved(from.texts());
    yield* this.#kinds.load(from);
    yield* this.#objects.load(from);
    for (const cells of this.#columns.values()) yield* cells.load(from);
    for (let slot = 0; slot < slots; slot++) {
      const kind = this.#kinds.get(slot);
      if (kind >= FIRST_SHAPE + shapes || (kind === AS_OBJECT) !== (this.#objects.get(slot) !== null)) {
        throw misfit(`a row of kind ${kind} in slot ${slot}`);
      }
      if (endsStep(slot)) yield;
    }
  }

  #learnSaved(texts: readonly (string | null)[]): void {
    const names = texts.filter((name) => name !== null);
    const own = Object.keys(Object.fromEntries(names.map((name) => [name, null])));
    // Names twice, or in an order that no object has.
    if (names.length !== texts.length || JSON.stringify(own) !== JSON.stringify(names) || !this.#mayLearn(names)) {
      throw misfit(`rows with the columns ${texts.join(", ").slice(0, 80)}`);
    }
    if (this.#numbers.has(JSON.stringify(names))) throw misfit("a shape of rows that is there twice");
    this.#learn(names);
  }
}

/** The row as it is, of one's own; an instance of a class has more to it than its properties, and stays. */
function copyOf(row: Row): Row {
  return isRow(row) ? { ...row } : row;
}
