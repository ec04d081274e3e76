import type { ServePlan } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { ProcessorError } from "../../record/errors.ts";
import { encodeRow } from "../../record/sendable.ts";
import { NumberCells } from "../../state/cells.ts";
import { type Chore, type Chores, LOOKS_PER_STEP, Walks } from "../../state/chores.ts";
import { NumberLists } from "../../state/number_lists.ts";
import { SlotTable } from "../../state/slot_table.ts";
import { ABSENT_DIGEST, heldDigest } from "./asking.ts";
import { valueHead, type WireValue } from "./messages.ts";
import { SentShapes } from "./positional_rows.ts";
import { endsStep, type Loading, NO_SLOT, type Slot } from "../../state/slots.ts";

/** Sends a value to the home with this partition. */
export type Answer = (home: number, key: Key, wire: WireValue) => void;

/** What a server needs of its task. */
export interface ServerOptions {
  readonly plan: ServePlan;
  /** The entries that are served. */
  readonly entries: SlotTable;
  /** Bytes of a value; a larger one is refused. */
  readonly bytesMax: number;
  readonly chores: Chores;
  readonly onError: (error: ProcessorError) => void;
}

/** More than any table has partitions. */
const HOMES_MAX = 65_536;
/** A subscription has 32 bits. What a home asked so many lives ago was taken out of memory long before. */
const LIVES_MAX = 32_768;

/**
 * One register served to homes: who subscribed to which key, and what they were told last. A subscription is ALWAYS
 * answered, at once or as soon as the value is known. A value that cannot be sent, for what it is or for its size, is
 * refused and so absent: that is told like any other value, and why is told once.
 */
export class Server {
  readonly plan: ServePlan;
  readonly #entries: SlotTable;
  /** By entry: digest of what was told last. */
  readonly #told: NumberCells;
  readonly #bytesMax: number;
  readonly #answer: Answer;
  readonly #onError: (error: ProcessorError) => void;
  /** Keys that homes subscribed to. */
  readonly #keys = new SlotTable();
  /** By such key the homes: each its partition and, in front of it, how often it was forgotten by then. */
  readonly #subscriptions = this.#keys.attach(new NumberLists());
  readonly #absence: { readonly wire: WireValue; readonly now: number };
  readonly #named: string;
  readonly #shapes: SentShapes;
  /** How often each home was forgotten. */
  readonly #forgotten: number[] = [];
  readonly #tidying: Walks;

  constructor({ plan, entries, bytesMax, chores, onError }: ServerOptions, answer: Answer) {
    this.plan = plan;
    this.#entries = entries;
    this.#told = entries.attach(new NumberCells());
    this.#bytesMax = bytesMax;
    this.#answer = answer;
    this.#named = valueHead(plan.name);
    this.#shapes = new SentShapes(plan.name);
    this.#absence = { wire: { head: this.#named, text: "null" }, now: ABSENT_DIGEST };
    this.#onError = onError;
    this.#tidying = new Walks(chores, () => this.#tidy());
  }

  /** Keys that somebody subscribed to. */
  *keys(): Generator<Key> {
    for (const slot of this.#keys.used()) yield this.#keys.keyOf(slot);
  }

  /** Bytes of what is kept of subscriptions. */
  get bytes(): number {
    return this.#keys.bytes;
  }

  subscribe(home: number, key: Key): void {
    const found = this.#keys.find(key);
    this.#subscriptions.add(found === NO_SLOT ? this.#keys.add(key) : found, this.#subscriptionOf(home));
  }

  unsubscribe(home: number, key: Key): void {
    const slot = this.#keys.find(key);
    if (slot !== NO_SLOT) this.#keep(slot, (subscription) => subscription % HOMES_MAX !== home);
  }

  /** The home started again: whatever it asked before is void from now on. A chore takes it out of memory. */
  forget(home: number): void {
    this.#forgotten[home] = ((this.#forgotten[home] ?? 0) + 1) % LIVES_MAX;
    this.#tidying.ask(home);
  }

  *#tidy(): Chore {
    let looks = 0;
    for (const slot of this.#keys.used()) {
      this.#keep(slot, this.#isCurrent);
      if (++looks % LOOKS_PER_STEP === 0) yield;
    }
  }

  #keep(slot: Slot, wanted: (subscription: number) => boolean): void {
    this.#subscriptions.keep(slot, wanted);
    if (this.#subscriptions.isEmpty(slot)) this.#keys.remove(slot);
  }

  #subscriptionOf(home: number): number {
    return home + HOMES_MAX * (this.#forgotten[home] ?? 0);
  }

  readonly #isCurrent = (subscription: number): boolean =>
    subscription === this.#subscriptionOf(subscription % HOMES_MAX);

  /** `except`: a home that is not told. */
  #answerAll(key: Key, wire: WireValue, { except }: { readonly except?: number } = {}): void {
    const slot = this.#keys.find(key);
    if (slot === NO_SLOT) return;
    for (const subscription of this.#subscriptions.values(slot)) {
      const home = subscription % HOMES_MAX;
      if (home !== except && this.#isCurrent(subscription)) this.#answer(home, key, wire);
    }
  }

  /**
   * Answers one subscription with a value that is known; `entry`: NO_SLOT if the key has none. If the home holds it,
   * nothing is said and true returned. The other subscribers may have been told something else: the entry waits to be
   * evaluated again because a partner changed. Then all are told now, since {@link tell} will find nothing new.
   */
  answer(home: number, key: Key, known: { entry: Slot; value: Row | null; held: number | null }): boolean {
    const { entry, value, held } = known;
    const digest = digestOfValue(value);
    if (digest !== null && digest === held && this.#othersKnow(entry, { key, digest, home })) return true;
    const { wire, now } = this.#encoded(key, { value, digest });
    if (entry !== NO_SLOT) this.#tellAll(entry, { key, wire, now, except: home });
    if (held !== now) this.#answer(home, key, wire);
    return held === now;
  }

  /** Whether nobody but the home has to be told of a value that was not told yet, which then counts as told. */
  #othersKnow(entry: Slot, { key, digest, home }: { key: Key; digest: number; home: number }): boolean {
    if (entry === NO_SLOT || this.#told.get(entry) === digest) return true;
    const slot = this.#keys.find(key);
    for (const subscription of slot === NO_SLOT ? [] : this.#subscriptions.values(slot)) {
      if (subscription % HOMES_MAX !== home && this.#isCurrent(subscription)) return false;
    }
    this.#told.set(entry, digest);
    return true;
  }

  /** Whether what was told last of the entry has this digest. */
  hasTold(entry: Slot, held: number): boolean {
    return this.#told.get(entry) === held;
  }

  /**
   * After the entries were loaded from a snapshot. `derived`: values may have changed since without a change of their
   * own rows.
   */
  *restored({ derived }: { readonly derived: boolean }): Loading {
    if (!derived) return;
    for (const entry of this.#entries.used()) {
      this.#told.set(entry, null);
      if (endsStep(entry)) yield;
    }
  }

  /** The value of a subscribed entry is not known now: whoever waits is told as soon as it is. */
  owe(entry: Slot): void {
    this.#told.set(entry, null);
  }

  /** Tells all subscribers the entry's value unless it is what they were told last. */
  tell(entry: Slot, value: Row | null): void {
    const key = this.#entries.keyOf(entry);
    if (!this.#keys.has(key)) return void this.#told.set(entry, null);
    const digest = digestOfValue(value);
    // What was refused was told as absent, so that it is refused again.
    if (digest !== null && digest === this.#told.get(entry)) return;
    this.#tellAll(entry, { key, ...this.#encoded(key, { value, digest }) });
  }

  /** A value as it is sent, with its digest: null for one that is refused. */
  #encoded(
    key: Key,
    { value, digest }: { readonly value: Row | null; readonly digest: number | null },
  ): { readonly wire: WireValue; readonly now: number } {
    if (value === null) return this.#absence;
    try {
      return { wire: this.#wireOf(key, value), now: digest! };
    } catch (error) {
      this.#onError(error as ProcessorError);
      return this.#absence;
    }
  }

  #wireOf(key: Key, value: Row): WireValue {
    const sent = { operator: this.plan.name, key, bytesMax: this.#bytesMax };
    const byPlace = this.#shapes.of(value);
    if (byPlace === null) return { head: this.#named, text: encodeRow(value, sent) };
    return { head: byPlace.head, text: encodeRow(value, { ...sent, values: byPlace.values }) };
  }

  /** `now`: the digest of `wire`. */
  #tellAll(entry: Slot, value: { key: Key; wire: WireValue; now: number; except?: number }): void {
    if (this.#told.get(entry) === value.now) return;
    this.#told.set(entry, value.now);
    this.#answerAll(value.key, value.wire, value);
  }

  /** Tells all subscribers of a key that has no entry that it is absent. */
  tellAbsent(key: Key): void {
    this.#answerAll(key, this.#absence.wire);
  }
}

/** What a home that holds a value says of it; null for one that cannot be sent. */
function digestOfValue(value: Row | null): number | null {
  try {
    return heldDigest(value);
  } catch {
    // Encoding it says why.
    return null;
  }
}
