import { mulberry32 } from "../../../src/record/mulberry32.ts";

/** Rules of how changes of a table become events. Each can be taken away. */
export interface ChangeRules {
  /** Whoever reads passes over what comes late. */
  readonly passesLate: boolean;
  /** Whoever reads passes over what was told already. */
  readonly passesEqual: boolean;
  /** A start writes again what a late record hides. */
  readonly rewritesHidden: boolean;
  /** An owner answers what a former one writes late. */
  readonly answersFormer: boolean;
  /** An owner answers its own repeats. */
  readonly answersRepeats: boolean;
  /** An owner follows the topic from before it reads it back. */
  readonly followsFirst: boolean;
}

/** All of them. */
export const ALL_RULES: ChangeRules = {
  passesLate: true,
  passesEqual: true,
  rewritesHidden: true,
  answersFormer: true,
  answersRepeats: true,
  followsFirst: true,
};

type Value = number | null;

/** A record: who wrote it, when, and of which key. */
interface Written {
  readonly task: string;
  readonly epoch: number;
  readonly seq: number;
  readonly key: string;
  readonly value: Value;
}

interface Stored extends Written {
  readonly offset: number;
}

/** A task that has the table: knows the truth, and what the topic shows. */
interface Owner {
  readonly task: string;
  readonly epoch: number;
  seq: number;
  /** What the topic shows of a key, as far as the owner knows; "hidden": nobody can know. */
  readonly shown: Map<string, Value | "hidden">;
  /** Of each key the newest that is not appended. */
  waiting: Written[];
  /** Appended again until it is acknowledged. */
  sending: Written[] | null;
  /** Next offset of the topic to look at for what comes late. */
  follows: number;
  lastSeen: number;
}

const KEYS = ["a", "b", "c"];
const STEPS = 120;
const GENERATION = 2 ** 40;
const BATCH = 2;

/** Which records come late, for whoever has read those before. */
class Order {
  #generation = 0;
  readonly #last = new Map<string, Written>();

  isLate(record: Written): boolean {
    const generation = Math.floor(record.epoch / GENERATION);
    if (generation < this.#generation) return true;
    this.#generation = generation;
    const last = this.#last.get(record.task);
    const isBehind = last === undefined || record.epoch > last.epoch ||
      (record.epoch === last.epoch && record.seq > last.seq);
    if (isBehind) this.#last.set(record.task, record);
    return !isBehind;
  }
}

/** One table, one partition of its topic, owners that die at any time, and one reader. */
class World {
  readonly #rules: ChangeRules;
  readonly #random: () => number;
  readonly #truth = new Map<string, Value>(KEYS.map((key) => [key, null]));
  /** All values that a key had, in their order. */
  readonly #history = new Map<string, Value[]>(KEYS.map((key) => [key, []]));
  #log: Stored[] = [];
  #end = 0;
  /** What may arrive once more: everything that was ever sent, or that a dead owner was sending. */
  readonly #sent: Written[][] = [];
  #owner: Owner | null = null;
  #epoch = GENERATION;
  #position = 0;
  readonly #order = new Order();
  readonly #told = new Map<string, Value>();
  readonly #events = new Map<string, Value[]>(KEYS.map((key) => [key, []]));
  #value = 0;

  constructor(seed: number, rules: ChangeRules) {
    this.#random = mulberry32(seed);
    this.#rules = rules;
  }

  /** Runs it to the end. Returns what is wrong, or null. */
  run(): string | null {
    for (let step = 0; step < STEPS; step++) this.#step();
    this.#settle();
    for (const key of KEYS) {
      const told = this.#events.get(key)!;
      const history = this.#history.get(key)!;
      const texts = `told ${told.join(" ")}; was ${history.join(" ")}`;
      if ((told.at(-1) ?? null) !== this.#truth.get(key)) return `the last change of ${key} is not told: ${texts}`;
      if (told.some((value, at) => value === (at === 0 ? null : told[at - 1]))) return `${key} is told twice: ${texts}`;
      let next = 0;
      for (const value of told) {
        next = history.indexOf(value, next) + 1;
        if (next === 0) return `${key} is told in another order: ${texts}`;
      }
    }
    return null;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)];
  }

  #step(): void {
    const kind = this.#random();
    if (kind < 0.25) this.#change();
    else if (kind < 0.3) this.#die();
    else if (kind < 0.4) this.#begin();
    else if (kind < 0.6) this.#evaluate();
    else if (kind < 0.75) this.#send({ faulty: true });
    else if (kind < 0.83) this.#follow();
    else if (kind < 0.87) this.#compact();
    else if (kind < 0.9) this.#late();
    else this.#read();
  }

  #change(): void {
    const key = this.#pick(KEYS);
    const history = this.#history.get(key)!;
    // A value comes back now and then.
    const value = this.#chance(0.3)
      ? null
      : history.length > 0 && this.#chance(0.3)
      ? this.#pick(history)
      : ++this.#value;
    if (value === this.#truth.get(key)) return;
    this.#truth.set(key, value);
    history.push(value);
  }

  #die(): void {
    const owner = this.#owner;
    if (owner === null) return;
    if (owner.sending !== null) this.#sent.push(owner.sending);
    this.#owner = null;
  }

  #begin(): void {
    if (this.#owner !== null) return;
    // A later generation has other tasks, perhaps.
    if (this.#chance(0.15)) this.#epoch = (Math.floor(this.#epoch / GENERATION) + 1) * GENERATION;
    const generation = Math.floor(this.#epoch / GENERATION);
    const shown = this.#shownNow();
    this.#owner = {
      task: `table-${generation % 2}`,
      epoch: ++this.#epoch,
      seq: 0,
      shown,
      waiting: [],
      sending: null,
      follows: this.#end,
      lastSeen: 0,
    };
    // What arrives while it reads is in what it reads, or not.
    if (!this.#rules.followsFirst) {
      this.#late();
      this.#owner.follows = this.#end;
    }
  }

  /** As `TopicIndex` has it. */
  #shownNow(): Map<string, Value | "hidden"> {
    const order = new Order();
    const shown = new Map<string, Value | "hidden">();
    for (const record of this.#log) {
      const isLate = order.isLate(record);
      shown.set(record.key, isLate && this.#rules.rewritesHidden ? "hidden" : record.value);
    }
    return shown;
  }

  #evaluate(keys: readonly string[] = [this.#pick(KEYS)]): void {
    const owner = this.#owner;
    if (owner === null) return;
    for (const key of keys) {
      const value = this.#truth.get(key)!;
      if ((owner.shown.get(key) ?? null) === value) continue;
      owner.shown.set(key, value);
      const { task, epoch } = owner;
      const written = { key, value, task, epoch, seq: ++owner.seq };
      owner.waiting = [...owner.waiting.filter((other) => other.key !== key), written];
    }
  }

  #send({ faulty }: { readonly faulty: boolean }): void {
    const owner = this.#owner;
    if (owner === null) return;
    if (owner.sending === null) {
      if (owner.waiting.length === 0) return;
      owner.sending = owner.waiting.splice(0, BATCH);
    }
    if (faulty && this.#chance(0.2)) return;
    this.#store(owner.sending);
    this.#sent.push(owner.sending);
    // The acknowledgement may be lost: then it is sent again.
    if (!faulty || this.#chance(0.8)) owner.sending = null;
  }

  #store(records: readonly Written[]): void {
    for (const record of records) this.#log.push({ ...record, offset: this.#end++ });
  }

  #follow(): void {
    const owner = this.#owner;
    if (owner === null) return;
    for (const { key, task, epoch, seq, offset } of this.#log) {
      if (offset < owner.follows) continue;
      const isOwn = task === owner.task && epoch === owner.epoch;
      if (isOwn && seq > owner.lastSeen) {
        owner.lastSeen = seq;
        continue;
      }
      if (!(isOwn ? this.#rules.answersRepeats : this.#rules.answersFormer)) continue;
      owner.shown.set(key, "hidden");
      this.#evaluate([key]);
    }
    owner.follows = this.#end;
  }

  /**
   * Of each key the last record stays; a tombstone until the reader has come to it. It comes when what was written late
   * is answered: a log does not compact what was written just now, and an owner answers within moments.
   */
  #compact(): void {
    const owner = this.#owner;
    if (owner === null || owner.waiting.length > 0 || owner.sending !== null || owner.follows < this.#end) return;
    if (owner.shown.values().some((shown) => shown === "hidden")) return;
    const last = new Map(this.#log.map(({ key, offset }) => [key, offset]));
    const all = this.#chance(0.5);
    this.#log = this.#log.filter(({ key, offset, value }) => {
      if (last.get(key) !== offset) return !all && this.#chance(0.5);
      // A tombstone goes behind all that it deletes.
      return value !== null || offset >= this.#position || !all || this.#chance(0.5);
    });
  }

  #late(): void {
    if (this.#sent.length > 0) this.#store(this.#pick(this.#sent));
  }

  #read(records = 1 + Math.floor(this.#random() * 4)): void {
    for (const record of this.#log.filter(({ offset }) => offset >= this.#position).slice(0, records)) {
      this.#position = record.offset + 1;
      if (this.#order.isLate(record) && this.#rules.passesLate) continue;
      const { key, value } = record;
      const told = this.#told.get(key) ?? null;
      if (value === told && this.#rules.passesEqual) continue;
      this.#told.set(key, value);
      this.#events.get(key)!.push(value);
    }
  }

  /** What was under way arrives, everything is written and answered, and read. */
  #settle(): void {
    this.#begin();
    for (let late = Math.floor(this.#random() * 3); late > 0; late--) this.#late();
    for (let round = 0; round < 20; round++) {
      this.#evaluate(KEYS);
      this.#send({ faulty: false });
      this.#follow();
    }
    if (this.#chance(0.5)) this.#compact();
    this.#read(Infinity);
  }
}

/** What is wrong at the end of a run, or null. */
export function runChanges(seed: number, rules: ChangeRules = ALL_RULES): string | null {
  return new World(seed, rules).run();
}
