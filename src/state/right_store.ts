import type { Key } from "../record/key.ts";
import { type Row, UNKNOWN, type Value } from "../record/row.ts";
import { ByteCells, NumberCells, SlotCells } from "./cells.ts";
import { Links } from "./links.ts";
import { PackedRows } from "./packed_rows.ts";
import type { Rows } from "./rows.ts";
import { SlotTable } from "./slot_table.ts";
import { endsStep, type Loading, NO_SLOT, type Slot, type SlotOwner } from "./slots.ts";

/** Not answered yet. */
const ASKED = 1;
/** From a snapshot: known once, and to be confirmed. */
const HELD = 2;
/** The same, and an entry was evaluated that waits for it now. */
const WAITED_FOR = 3;

/**
 * What an answer says: another value; the value that a snapshot held, for which an entry waits; or nothing that anybody
 * waits for.
 */
export type Answered = "changed" | "confirmed" | "known";

/**
 * The right rows of one lookup, and which entries use them now. A key is present if and only if it is subscribed (or,
 * for a global table, looked up) now.
 */
export abstract class RightStore {
  readonly keys = new SlotTable();
  readonly links: Links;

  /** `left`: the entries that look up. */
  constructor(left: SlotOwner) {
    this.links = new Links(left, this.keys);
  }

  /** What is known of a right row. */
  abstract value(right: Slot): Value;

  /** What is known of a key, which stays unused by whoever only looks; UNKNOWN if nobody has asked for it. */
  abstract peek(key: Key): Value;

  /** A key is looked up for the first time. */
  protected abstract first(right: Slot, key: Key): void;

  /** A right row has no user any more. */
  protected abstract unused(right: Slot): void;

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
    if (unused !== NO_SLOT) this.unused(unused);
  }
}

/** Whoever serves the right rows. */
export interface RightServer {
  /** Asks for a key; returns what is known of it now. */
  ask(key: Key): Value;
  /** An entry waits for a right row that a snapshot held: called once for each. */
  hurry(right: Slot): void;
  /** The key is not asked for any more. */
  leave(key: Key): void;
}

/**
 * Right rows that other tasks serve: asked for when they are looked up first, and kept as they were told. One that
 * nobody uses any more stays until something is told of it: users leave and come back, and two messages for each time
 * would be many. Of one that is not there nothing more may ever be told, so it goes at once.
 */
export class AskedRights extends RightStore {
  readonly #rows: Rows;
  readonly #state: ByteCells;
  readonly #server: RightServer;
  #asked = 0;
  #held = 0;

  constructor(left: SlotOwner, server: RightServer) {
    super(left);
    this.#rows = this.keys.attach(new PackedRows());
    this.#state = this.keys.attach(new ByteCells());
    this.#server = server;
  }

  /** How many right rows are not known yet. */
  get unknown(): number {
    return this.#asked + this.#held;
  }

  /** Of those, how many a snapshot held. */
  get unconfirmed(): number {
    return this.#held;
  }

  override value(right: Slot): Value {
    const state = this.#state.get(right);
    if (state === 0) return this.#rows.read(right);
    if (state === HELD) {
      this.#state.set(right, WAITED_FOR);
      this.#server.hurry(right);
    }
    return UNKNOWN;
  }

  override peek(key: Key): Value {
    const right = this.keys.find(key);
    return right === NO_SLOT || this.#state.get(right) !== 0 ? UNKNOWN : this.#rows.read(right);
  }

  /** Whether an entry waits for what a snapshot held. */
  waitsFor(right: Slot): boolean {
    return this.#state.get(right) === WAITED_FOR;
  }

  /** Whether the right row is known, or a snapshot held it. */
  holds(right: Slot): boolean {
    return this.#state.get(right) !== ASKED;
  }

  /** The value as it was told last, confirmed or not; UNKNOWN before any. */
  told(right: Slot): Value {
    return this.#state.get(right) === ASKED ? UNKNOWN : this.#rows.read(right);
  }

  /** After the keys were loaded from a snapshot: what was known is unknown until it is confirmed. */
  *restored(): Loading {
    for (const right of this.keys.used()) {
      if (endsStep(right)) yield;
      // Nobody was told any more.
      if (this.links.users(right) === 0) this.keys.remove(right);
      else if (this.#state.get(right) === ASKED) this.#asked++;
      else {
        this.#state.set(right, HELD);
        this.#held++;
      }
    }
  }

  protected override first(right: Slot, key: Key): void {
    this.#state.set(right, ASKED);
    this.#asked++;
    const value = this.#server.ask(key);
    if (value !== UNKNOWN) this.answer(right, value);
  }

  protected override unused(right: Slot): void {
    if (this.#state.get(right) === 0 && !this.#rows.has(right)) this.drop(right);
  }

  /** The right row is `value` now. */
  answer(right: Slot, value: Row | null): Answered {
    const changed = this.#rows.write(right, value);
    const before = this.#settle(right);
    if (changed || before === ASKED) return "changed";
    return before === WAITED_FOR ? "confirmed" : "known";
  }

  /**
   * The right row is what a snapshot held of it, if that is not known yet. It goes if nobody uses it any more. A slot
   * that is free, or another key's by now, holds nothing of a snapshot.
   */
  confirm(right: Slot): Answered {
    const state = this.#state.get(right);
    if (state !== HELD && state !== WAITED_FOR) return "known";
    if (this.links.users(right) === 0) {
      this.drop(right);
      return "known";
    }
    this.#settle(right);
    return state === WAITED_FOR ? "confirmed" : "known";
  }

  #settle(right: Slot): number {
    const before = this.#state.get(right);
    if (before === ASKED) this.#asked--;
    if (before === HELD || before === WAITED_FOR) this.#held--;
    this.#state.set(right, 0);
    return before;
  }

  /** Forgets a right row that nobody uses. */
  drop(right: Slot): void {
    const key = this.keys.keyOf(right);
    this.#settle(right);
    this.keys.remove(right);
    this.#server.leave(key);
  }
}

/** What a register of a global table holds for its keys. */
export interface GlobalView {
  /** The slot of a key that has a value; NO_SLOT if it has none. */
  find(key: Key): Slot;
  read(slot: Slot): Row | null;
  /** Digest of the value in a slot; null if it has none that can be compared. */
  digest(slot: Slot): number | null;
}

/** Digest of a value that is not there. */
const ABSENT = 0;

/** Right rows of a global table, which has them. */
export class GlobalRights extends RightStore {
  readonly #view: GlobalView;
  readonly #places: SlotCells;
  /** For a snapshot: digests of what is used; null where that is not known, or was not looked at since it changed. */
  readonly #used: NumberCells;

  constructor(left: SlotOwner, view: GlobalView) {
    super(left);
    this.#view = view;
    this.#places = this.keys.attach(new SlotCells());
    this.#used = this.keys.attach(new NumberCells());
  }

  /**
   * Before the keys are saved, in steps: digests of what is used. Of what comes or changes after its step there is none
   * in the snapshot, so that its users are evaluated again by whoever starts with it.
   */
  *remember(): Loading {
    for (const right of this.keys.used()) {
      if (this.#used.get(right) === null) this.#used.set(right, this.#digest(this.#places.get(right)));
      if (endsStep(right)) yield;
    }
  }

  /**
   * After the keys were loaded, and when the global table is here: the right rows that are not what they were. NO_SLOT
   * ends a step.
   */
  *restored(): Generator<Slot> {
    for (const right of this.keys.used()) {
      if (endsStep(right)) yield NO_SLOT;
      const place = this.#view.find(this.keys.keyOf(right));
      const before = this.#used.get(right);
      this.#places.set(right, place);
      this.#used.set(right, null);
      if (before === null || before !== this.#digest(place)) yield right;
    }
  }

  #digest(place: Slot): number | null {
    return place === NO_SLOT ? ABSENT : this.#view.digest(place);
  }

  override value(right: Slot): Value {
    const place = this.#places.get(right);
    return place === NO_SLOT ? null : this.#view.read(place);
  }

  override peek(key: Key): Value {
    const place = this.#view.find(key);
    return place === NO_SLOT ? null : this.#view.read(place);
  }

  protected override first(right: Slot, key: Key): void {
    this.#places.set(right, this.#view.find(key));
  }

  protected override unused(right: Slot): void {
    this.keys.remove(right);
  }

  /** The global table has another value for this key. Returns the right row, or NO_SLOT if nobody uses it. */
  changed(key: Key): Slot {
    const right = this.keys.find(key);
    if (right === NO_SLOT) return right;
    this.#places.set(right, this.#view.find(key));
    this.#used.set(right, null);
    return right;
  }
}
