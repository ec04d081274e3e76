import { SlotCells } from "./cells.ts";
import { misfit } from "./sections.ts";
import type { SlotTable } from "./slot_table.ts";
import {
  endsStep,
  type Loading,
  NO_SLOT,
  type SectionReader,
  type Slot,
  type SlotOwner,
  type SlotPart,
} from "./slots.ts";

/** Users of a right row one by one, in as many turns as it takes, while users come and go. */
export interface Walk {
  /**
   * The next user; NO_SLOT at the end, and the walk is closed. Who left before its turn is passed over; who came since
   * the walk began, or came back, does not come.
   */
  next(): Slot;
  /** From the beginning again, with those who are users now; also of a walk that was closed. */
  restart(): void;
  /** Nothing comes any more. A walk that is not taken to its end must be closed. */
  close(): void;
}

/** What a walk shares with its links. */
interface Lists {
  readonly heads: SlotCells;
  readonly afters: SlotCells;
  /** By right slot: walks that are not over. */
  readonly open: Map<Slot, UserWalk[]>;
}

class UserWalk implements Walk {
  readonly #right: Slot;
  readonly #lists: Lists;
  /** The user whose turn is next. */
  #cursor: Slot = NO_SLOT;

  constructor(right: Slot, lists: Lists) {
    this.#right = right;
    this.#lists = lists;
  }

  next(): Slot {
    const user = this.#cursor;
    if (user === NO_SLOT) this.close();
    else this.#cursor = this.#lists.afters.get(user);
    return user;
  }

  restart(): void {
    const open = this.#lists.open.get(this.#right);
    if (open === undefined) this.#lists.open.set(this.#right, [this]);
    else if (!open.includes(this)) open.push(this);
    // Users that come are put in front, so none of them comes after this one.
    this.#cursor = this.#lists.heads.get(this.#right);
  }

  close(): void {
    this.#cursor = NO_SLOT;
    const others = this.#lists.open.get(this.#right)?.filter((walk) => walk !== this) ?? [];
    if (others.length > 0) this.#lists.open.set(this.#right, others);
    else this.#lists.open.delete(this.#right);
  }

  /** `user` leaves; `after` stood behind it. */
  left(user: Slot, after: Slot): void {
    if (this.#cursor === user) this.#cursor = after;
  }
}

/**
 * One lookup: each left row uses at most one right row, each right row knows its users. They are doubly linked lists
 * within arrays: 12 bytes a left slot, 8 a right slot, and leaving costs the same however many users there are.
 */
export class Links {
  /** By left slot: the right slot, and the neighbours in its list of users. */
  readonly #rights = new SlotCells();
  readonly #afters = new SlotCells();
  readonly #befores = new SlotCells();
  /** By right slot: the first user, and their number. */
  readonly #heads = new SlotCells();
  readonly #counts = new SlotCells({ empty: 0 });
  /** By right slot: walks that are not over. */
  readonly #walks = new Map<Slot, UserWalk[]>();
  readonly #rightTable: SlotTable;

  /** Attaches a part to each table. Snapshots of the right table must be loaded first. */
  constructor(left: SlotOwner, right: SlotTable) {
    this.#rightTable = right;
    right.attach(this.#rightPart());
    left.attach(this.#leftPart());
  }

  /** The right slot that `left` uses, or NO_SLOT. */
  of(left: Slot): Slot {
    return this.#rights.get(left);
  }

  /** How many users `right` has. */
  users(right: Slot): number {
    return this.#counts.get(right);
  }

  /** `left` uses `right` from now on, instead of what it used before. */
  use(left: Slot, right: Slot): void {
    const before = this.of(left);
    if (before === right) return;
    if (before !== NO_SLOT) this.#leave(left, before);
    const head = this.#heads.get(right);
    this.#rights.set(left, right);
    this.#afters.set(left, head);
    // Its `before` is NO_SLOT already.
    if (head !== NO_SLOT) this.#befores.set(head, left);
    this.#heads.set(right, left);
    this.#counts.set(right, this.users(right) + 1);
  }

  /** `left` uses nothing any more. Returns the right slot that has no user any more by that, or NO_SLOT. */
  release(left: Slot): Slot {
    const right = this.of(left);
    if (right === NO_SLOT) return NO_SLOT;
    this.#leave(left, right);
    return this.users(right) === 0 ? right : NO_SLOT;
  }

  #leave(left: Slot, right: Slot): void {
    const after = this.#afters.get(left);
    const before = this.#befores.get(left);
    if (before === NO_SLOT) this.#heads.set(right, after);
    else this.#afters.set(before, after);
    if (after !== NO_SLOT) this.#befores.set(after, before);
    this.#rights.set(left, NO_SLOT);
    this.#afters.set(left, NO_SLOT);
    this.#befores.set(left, NO_SLOT);
    this.#counts.set(right, this.users(right) - 1);
    if (this.#walks.size === 0) return;
    for (const walk of this.#walks.get(right) ?? []) walk.left(left, after);
  }

  /** Begins with those who use `right` now. */
  walk(right: Slot): Walk {
    const walk = new UserWalk(right, { heads: this.#heads, afters: this.#afters, open: this.#walks });
    walk.restart();
    return walk;
  }

  /** Visits all who use `right` now; those who leave before their turn are passed over. */
  forEachUser(right: Slot, visit: (user: Slot) => void): void {
    // Nothing need be remembered of where the visits are: most right rows have one user.
    if (this.users(right) === 1) return visit(this.#heads.get(right));
    const users = this.walk(right);
    for (let user = users.next(); user !== NO_SLOT; user = users.next()) visit(user);
  }

  #leftPart(): SlotPart {
    const chunks = [this.#rights, this.#afters, this.#befores];
    return {
      grow: (slot) => {
        for (const cells of chunks) cells.grow(slot);
      },
      clear: (slot) => void this.release(slot),
      get bytes() {
        return chunks.reduce((sum, cells) => sum + cells.bytes, 0);
      },
      // The lists follow from who uses what.
      save: (to) => this.#rights.save(to),
      load: (from) => this.#loadLeft(from),
    };
  }

  *#loadLeft(from: SectionReader): Loading {
    const rights = new SlotCells();
    yield* rights.load(from);
    if (rights.slots !== this.#rights.slots) throw misfit(`links of ${rights.slots} slots, not ${this.#rights.slots}`);
    for (let left = 0; left < rights.slots; left++) {
      if (endsStep(left)) yield;
      const right = rights.get(left);
      if (right === NO_SLOT) continue;
      if (!this.#rightTable.isUsed(right)) throw misfit(`a link to slot ${right}, which has no row`);
      this.use(left, right);
    }
  }

  #rightPart(): SlotPart {
    const chunks = [this.#heads, this.#counts];
    return {
      grow: (slot) => chunks.forEach((cells) => cells.grow(slot)),
      clear: (slot) => {
        if (this.users(slot) === 0) return;
        throw new RangeError(`Cannot remove right slot ${slot}: current value is ${this.users(slot)} users`);
      },
      get bytes() {
        return chunks.reduce((sum, cells) => sum + cells.bytes, 0);
      },
      save: () => {},
      *load() {},
    };
  }
}
