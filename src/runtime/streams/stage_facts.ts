import {
  type FactHead,
  factKey,
  factValue,
  type FormerElement,
  headRecord,
  neededFrom,
} from "../../formats/changelog_fact.ts";
import type { NewRecord } from "../../ports/log.ts";
import type { ElementChange, StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";
import { Distinct } from "../../record/distinct.ts";

/** An element of a key, and the value of its record. */
interface FactOfKey {
  readonly start: number;
  readonly seq: number;
  readonly value: string;
  /** What it was before the batch, where that is needed. */
  readonly former: FormerElement | undefined;
  /** Its record is removed once the position behind it is there. */
  readonly used: boolean;
}

/** What a task has when a part of a batch was taken. */
export type TakenHead = Omit<FactHead, "owner"> & {
  /** Where the batch begins. */
  readonly from: number;
};

type FactPlace = Pick<FactOfKey, "start" | "seq">;

/** Facts of one key by where their elements begin. */
const PLACES = {
  isSame: (a: FactPlace, b: FactPlace) => a.start === b.start && a.seq === b.seq,
  nameOf: ({ start, seq }: FactPlace) => `${start}/${seq}`,
};

/** What a batch adds to a stage's changelog, whoever writes it there. */
export class BatchFacts {
  readonly #keys = new Map<Key, Distinct<FactOfKey, FactPlace>>();
  #head: Omit<FactHead, "owner"> | null = null;
  #headCounts = false;
  #chars = 0;

  /** Keys of which something changed, and one more if the head is worth being written without any. */
  get size(): number {
    return this.#keys.size + (this.#headCounts ? 1 : 0);
  }

  /** The first record of its topic that is needed when these facts are written; null if nothing was collected. */
  get neededFrom(): number | null {
    return this.#head === null ? null : neededFrom(this.#head);
  }

  /** The position that these facts make durable; null if nothing was collected. */
  get headTo(): number | null {
    return this.#head?.to ?? null;
  }

  /** About so many characters are written. */
  get chars(): number {
    return this.#chars;
  }

  /**
   * Takes what changed of an operator, in place of what was said before of the same elements. `head.to`: the operator
   * has all events below but those that wait. `headCounts`: it is to be written though nothing of any key has changed.
   */
  collect(
    operator: Pick<StatefulOperator, "elements" | "isNeededAtHead">,
    { from, ...head }: TakenHead,
    { headCounts = false }: { readonly headCounts?: boolean } = {},
  ): void {
    const { elements } = operator;
    this.#headCounts ||= headCounts;
    for (const change of elements.takeChanges()) {
      const { key, columns, kind, element } = change;
      // A session that grows is replaced by one that begins as it did: that one is the fact.
      if (kind !== "put" && isReplaced(elements, change)) continue;
      const { start, seq } = element;
      const ofKey = this.#keys.getOrInsertComputed(key, factsOfKey);
      const known = ofKey.find({ start, seq });
      const former = operator.isNeededAtHead?.(element)
        ? known?.former ?? { to: from, element: change.before }
        : undefined;
      const value = factValue({ to: head.to, columns, element: kind === "put" ? element : null, former });
      this.#chars += value.length - (known?.value.length ?? 0);
      ofKey.put({ start, seq, value, former, used: kind === "dropped" });
    }
    this.#head = head;
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
    for (const [key, facts] of this.#keys) {
      const records = facts.values.map(({ start, seq, value, used }) => {
        const record = { key: factKey({ owner, key, start, seq }), value };
        if (used) removed.add([{ ...record, value: null }]);
        return record;
      });
      parts.add(records);
    }
    const head = this.#head === null ? [] : [[headRecord({ ...this.#head, owner })]];
    return [...parts.all, ...head, ...removed.all];
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

function factsOfKey(): Distinct<FactOfKey, FactPlace> {
  return new Distinct(PLACES);
}

function isReplaced(elements: StatefulOperator["elements"], { key, element: { start, seq } }: ElementChange): boolean {
  return elements.of(key).some((other) => other.start === start && other.seq === seq);
}
