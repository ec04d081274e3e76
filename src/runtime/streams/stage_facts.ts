import { Buffer } from "node:buffer";
import { bundledElement, bundledKey, bundleKey, bundleValue } from "../../formats/changelog_bundle.ts";
import {
  type FactHead,
  factKeys,
  factValues,
  type FormerElement,
  headRecord,
  neededFrom,
} from "../../formats/changelog_fact.ts";
import type { NewRecord } from "../../ports/log.ts";
import type { ElementChange, Ending, StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";
import { Distinct } from "../../record/distinct.ts";
import type { Row } from "../../record/row.ts";
import { type StoredBundle, StoredBundles } from "./stored_bundles.ts";

/** A bundle is read in one turn of the event loop; it is longer by what changed of one key. */
const BUNDLE_CHARS = 200_000;

/** An element of a key. It is written as text when it is sent, and not before: what waits is what the task has, too. */
interface FactOfKey {
  readonly start: number;
  readonly seq: number;
  /** The position that it is of. */
  readonly to: number;
  /** Null: it is gone. Of a bundle, what goes by time alone. */
  readonly element: ElementChange["element"] | null;
  readonly chars: number;
  /** What it was before the batch, where that is needed. */
  readonly former: FormerElement | undefined;
  /** Its record is removed once the position behind it is there. */
  readonly used: boolean;
  /** As {@link StatefulOperator.changesAtUs}. */
  readonly ageUs: number | undefined;
}

/** What a task has when a part of a batch was taken. */
export type TakenHead = Omit<FactHead, "owner"> & {
  /** Where the batch begins. */
  readonly from: number;
};

/** What changed of one key. */
interface FactsOfKey {
  readonly columns: Row;
  readonly facts: Distinct<FactOfKey, FactPlace>;
}

type FactPlace = Pick<FactOfKey, "start" | "seq">;

/** What has changed, as far as it is known before it is collected. */
export interface ExpectedFacts {
  readonly keys: number;
  /** About so many characters will be written. */
  readonly chars: number;
  readonly headCounts: boolean;
}

const NOTHING: ExpectedFacts = { keys: 0, chars: 0, headCounts: false };

/** Facts of one key by where their elements begin. */
const PLACES = {
  isSame: (a: FactPlace, b: FactPlace) => a.start === b.start && a.seq === b.seq,
  nameOf: ({ start, seq }: FactPlace) => `${start}/${seq}`,
};

/** What a batch adds to a stage's changelog, whoever writes it there. */
export class BatchFacts {
  readonly #keys = new Map<Key, FactsOfKey>();
  /** Where elements go by time: where bundles of them are known, and those that are gone. Else null. */
  #bundles: StoredBundles | null = null;
  readonly #gone: StoredBundle[] = [];
  readonly #goneFromUs: number[] = [];
  #head: Omit<FactHead, "owner"> | null = null;
  #headCounts = false;
  #chars = 0;
  #expected: ExpectedFacts = NOTHING;

  /** Keys of which something changed, and one more if the head, or that bundles are gone, is worth being written. */
  get size(): number {
    return this.#keys.size + this.#expected.keys + (this.#headCounts || this.#gone.length > 0 ? 1 : 0);
  }

  /** The first record of its topic that is needed when these facts are written; null if nothing was collected. */
  get neededFrom(): number | null {
    return this.#head === null ? null : neededFrom(this.#head);
  }

  /** The position that these facts make durable; null if nothing was collected. */
  get headTo(): number | null {
    return this.#head?.to ?? null;
  }

  /** The key of which most is written, all of it in one, and how many bytes that is; null if nothing of any key is. */
  get largest(): { readonly columns: Row; readonly bytes: number } | null {
    let largest: { readonly columns: Row; readonly bytes: number } | null = null;
    for (const { columns, facts } of this.#keys.values()) {
      const valueOf = factValues(columns);
      const bytes = facts.values.reduce((sum, fact) => sum + Buffer.byteLength(valueOf(fact)), 0);
      if (bytes > (largest?.bytes ?? 0)) largest = { columns, bytes };
    }
    return largest;
  }

  /** About so many characters are written. */
  get chars(): number {
    return this.#chars + this.#expected.chars;
  }

  /** So much has changed that will be collected at the end of the batch. */
  expect(expected: ExpectedFacts): void {
    this.#expected = expected;
    this.#headCounts ||= expected.headCounts;
  }

  /**
   * Takes what changed of an operator, in place of what was said before of the same elements. `head.to`: the operator
   * has all events below but those that wait. `headCounts`: it is to be written though nothing of any key has changed.
   * `bundles`: those of its changelog, to which those of the batch are added when they are written; absent: there are
   * none, and nobody asks for them later.
   */
  collect(
    operator: Pick<StatefulOperator, "elements" | "isNeededAtHead" | "ending" | "changesAtUs">,
    { from, ...head }: TakenHead,
    { headCounts = false, bundles = new StoredBundles() }: {
      readonly headCounts?: boolean;
      readonly bundles?: StoredBundles;
    } = {},
  ): void {
    const { elements, ending, changesAtUs: ageUs } = operator;
    this.#headCounts ||= headCounts;
    this.#expected = NOTHING;
    for (const change of elements.takeChanges()) {
      const { key, columns, kind, element, chars } = change;
      // A session that grows is replaced by one that begins as it did: that one is the fact.
      if (kind !== "put" && isReplaced(elements, change)) continue;
      const { start, seq } = element;
      let ofKey = this.#keys.get(key);
      if (ofKey === undefined) this.#keys.set(key, ofKey = { columns, facts: new Distinct(PLACES) });
      const { facts } = ofKey;
      const former = operator.isNeededAtHead?.(element)
        ? facts.find({ start, seq })?.former ?? { to: from, element: change.before }
        : undefined;
      const isThere = kind === "put" || ending !== undefined;
      const fact = { start, seq, to: head.to, element: isThere ? element : null, chars, former, ageUs };
      const replaced = facts.put({ ...fact, used: kind === "dropped" });
      this.#chars += chars - (replaced?.chars ?? 0);
      if (ending !== undefined) this.#goesBy(ending.goneFrom(element));
    }
    this.#head = head;
    if (ending === undefined) return;
    this.#bundles = bundles;
    this.#gone.push(...bundles.takeGone({ to: head.to, clocksUs: ending.clocksUs() }));
  }

  #goesBy({ clock, atUs }: ReturnType<Ending["goneFrom"]>): void {
    while (this.#goneFromUs.length <= clock) this.#goneFromUs.push(-Infinity);
    this.#goneFromUs[clock] = Math.max(this.#goneFromUs[clock], atUs);
  }

  /**
   * The records under the name of their owner, in parts of about `chars` characters. All of a key is in one part, and
   * counts only as a whole: what was dropped is part of what is known of the key at its position, or events that are
   * read again would meet what is gone, or miss what was there. The head is behind all of them, and what is removed
   * behind the head: then nothing before it is read again.
   */
  parts({ owner, chars }: { readonly owner: string; readonly chars: number }): NewRecord[][] {
    const parts = new Parts(chars);
    const removed = new Parts(chars);
    if (this.#bundles !== null) this.#addBundles(this.#bundles, { owner, parts });
    else {
      for (const [key, { columns, facts }] of this.#keys) {
        const keyOf = factKeys({ owner, key });
        const valueOf = factValues(columns);
        const records = facts.values.map((fact) => {
          const record = { key: keyOf(fact), value: valueOf(fact) };
          if (fact.used) removed.add([{ ...record, value: null }]);
          return record;
        });
        parts.add(records);
      }
    }
    for (const { keys } of this.#gone) for (const key of keys) removed.add([{ key, value: null }]);
    const head = this.#head === null ? [] : [[headRecord({ ...this.#head, owner })]];
    return [...parts.all, ...head, ...removed.all];
  }

  #addBundles(bundles: StoredBundles, { owner, parts }: { readonly owner: string; readonly parts: Parts }): void {
    const { to } = this.#head!;
    const bundle = { to, goneFromUs: this.#goneFromUs, keys: [] as string[] };
    let texts: string[] = [];
    let chars = 0;
    const end = () => {
      const key = bundleKey({ owner, to, part: bundle.keys.length });
      bundle.keys.push(key);
      parts.add([{ key, value: bundleValue(bundle, texts) }]);
      [texts, chars] = [[], 0];
    };
    for (const { columns, facts } of this.#keys.values()) {
      const text = bundledKey(columns, facts.values.map(({ element }) => bundledElement(element!)));
      texts.push(text);
      chars += text.length;
      if (chars >= BUNDLE_CHARS) end();
    }
    if (texts.length > 0) end();
    if (bundle.keys.length > 0) bundles.add(bundle);
  }
}

/** Records in parts that end where they have more than so many characters. */
class Parts {
  readonly all: NewRecord[][] = [];
  readonly #chars: number;
  #size = Infinity;

  constructor(chars: number) {
    this.#chars = chars;
  }

  /** All of these go into one part. */
  add(records: readonly { readonly key: string; readonly value: string | null }[]): void {
    if (this.#size > this.#chars) {
      this.all.push([]);
      this.#size = 0;
    }
    for (const record of records) {
      this.all.at(-1)!.push(record);
      this.#size += record.key.length + (record.value?.length ?? 0);
    }
  }
}

function isReplaced(elements: StatefulOperator["elements"], { key, element: { start, seq } }: ElementChange): boolean {
  return elements.find(key, { start, seq }) !== undefined;
}
