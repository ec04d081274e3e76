import type { Key } from "../record/key.ts";
import { type Row, UNKNOWN, type Value } from "../record/row.ts";
import { ByteCells, SlotCells } from "./cells.ts";
import { Links } from "./links.ts";
import { PackedRows } from "./packed_rows.ts";
import type { Rows } from "./rows.ts";
import { SlotTable } from "./slot_table.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

/** Not answered yet. */
const ASKED = 1;

/**
 * The right rows of one lookup, and which entries use them now. A key is present if and only if it is subscribed (or,
 * for a global table, looked up) now.
 */
export abstract class RightStore {
  readonly keys = new SlotTable();
  readonly links: Links;
  readonly #keepUnused: boolean;

  /** `left`: the entries that look up. `keepUnused`: right rows without users stay until {@link drop}. */
  constructor(left: SlotTable, { keepUnused }: { readonly keepUnused: boolean }) {
    this.links = new Links(left, this.keys);
    this.#keepUnused = keepUnused;
  }

  /** What is known of a right row. */
  abstract value(right: Slot): Value;

  /** A key is looked up for the first time. */
  protected abstract first(right: Slot, key: Key): void;

  /** What is known of `key`, which the entry `left` uses from now on instead of the key it used before. */
  use(left: Slot, key: Key): Value {
    const { keys, links } = this;
    const now = links.of(left);
    if (now !== NO_SLOT) {
      if (keys.keyOf(now) === key) return this.value(now);
      this.release(left);
    }
    let right = keys.find(key);
    if (right === NO_SLOT) {
      right = keys.add(key);
      this.first(right, key);
    }
    links.use(left, right);
    return this.value(right);
  }

  /** The entry uses no right row any more. */
  release(left: Slot): void {
    const unused = this.links.release(left);
    if (unused !== NO_SLOT && !this.#keepUnused) this.keys.remove(unused);
  }
}

/** Right rows that other tasks serve: asked for when they are looked up first, and kept as they were told. */
export class AskedRights extends RightStore {
  readonly #rows: Rows;
  readonly #state: ByteCells;
  readonly #ask: (key: Key) => Row | null | typeof UNKNOWN;
  #asked = 0;

  /** `ask`: asks for a key; returns what is known of it now. */
  constructor(left: SlotTable, ask: (key: Key) => Value) {
    super(left, { keepUnused: true });
    this.#rows = this.keys.attach(new PackedRows());
    this.#state = this.keys.attach(new ByteCells());
    this.#ask = ask;
  }

  /** How many right rows are not known yet. */
  get unknown(): number {
    return this.#asked;
  }

  override value(right: Slot): Value {
    return this.#state.get(right) === ASKED ? UNKNOWN : this.#rows.read(right);
  }

  protected override first(right: Slot, key: Key): void {
    this.#state.set(right, ASKED);
    this.#asked++;
    const value = this.#ask(key);
    if (value !== UNKNOWN) this.answer(right, value);
  }

  /** The right row is `value` now. False if that was known. */
  answer(right: Slot, value: Row | null): boolean {
    const changed = this.#rows.write(right, value);
    if (this.#state.get(right) !== ASKED) return changed;
    this.#state.set(right, 0);
    this.#asked--;
    return true;
  }

  /** Forgets a right row that nobody uses. */
  drop(right: Slot): void {
    if (this.#state.get(right) === ASKED) this.#asked--;
    this.keys.remove(right);
  }
}

/** What a register of a global table holds for its keys. */
export interface GlobalView {
  /** The slot of a key that has a value; NO_SLOT if it has none. */
  find(key: Key): Slot;
  read(slot: Slot): Row | null;
}

/** Right rows of a global table, which has them. */
export class GlobalRights extends RightStore {
  readonly #view: GlobalView;
  readonly #places: SlotCells;

  constructor(left: SlotTable, view: GlobalView) {
    super(left, { keepUnused: false });
    this.#view = view;
    this.#places = this.keys.attach(new SlotCells());
  }

  override value(right: Slot): Value {
    const place = this.#places.get(right);
    return place === NO_SLOT ? null : this.#view.read(place);
  }

  protected override first(right: Slot, key: Key): void {
    this.#places.set(right, this.#view.find(key));
  }

  /** The global table has another value for this key. Returns the right row, or NO_SLOT if nobody uses it. */
  changed(key: Key): Slot {
    const right = this.keys.find(key);
    if (right !== NO_SLOT) this.#places.set(right, this.#view.find(key));
    return right;
  }
}
