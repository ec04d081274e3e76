import { type FactHead, factKey, factValue, headRecord } from "../../formats/changelog_fact.ts";
import type { NewRecord } from "../../ports/log.ts";
import type { ElementChange, StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";

/** An element of a key, and the value of its record; null: the record is to be removed. */
interface FactOfKey {
  readonly start: number;
  readonly seq: number;
  readonly value: string | null;
}

/** What a batch adds to a stage's changelog, whoever writes it there. */
export class BatchFacts {
  readonly #keys = new Map<Key, Map<string, FactOfKey>>();
  #head: Omit<FactHead, "owner"> | null = null;

  /** Keys of which something changed. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * Takes what changed of an operator, in place of what was said before of the same elements. `head.to`: the operator
   * has all events below.
   */
  collect({ elements }: StatefulOperator, head: Omit<FactHead, "owner">): void {
    for (const change of elements.takeChanges()) {
      const { key, columns, kind, element } = change;
      // A session that grows is replaced by one that begins as it did: that one is the fact.
      if (kind !== "put" && isReplaced(elements, change)) continue;
      const value = kind === "dropped"
        ? null
        : factValue({ to: head.to, columns, element: kind === "put" ? element : null });
      const { start, seq } = element;
      const ofKey = this.#keys.getOrInsertComputed(key, () => new Map<string, FactOfKey>());
      ofKey.set(`${start}/${seq}`, { start, seq, value });
    }
    this.#head = head;
  }

  /**
   * The records under the name of their owner, in parts of about `chars` characters; the head is the last. All of a key
   * is in one part, and counts only as a whole.
   */
  parts({ owner, chars }: { readonly owner: string; readonly chars: number }): NewRecord[][] {
    const parts: NewRecord[][] = [[]];
    let size = 0;
    for (const [key, facts] of this.#keys) {
      if (size > chars) {
        parts.push([]);
        size = 0;
      }
      for (const { start, seq, value } of facts.values()) {
        const record = { key: factKey({ owner, key, start, seq }), value };
        parts.at(-1)!.push(record);
        size += record.key.length + (value?.length ?? 0);
      }
    }
    if (this.#head !== null) parts.push([headRecord({ ...this.#head, owner })]);
    return parts.filter((part) => part.length > 0);
  }
}

function isReplaced(elements: StatefulOperator["elements"], { key, element: { start, seq } }: ElementChange): boolean {
  return elements.of(key).some((other) => other.start === start && other.seq === seq);
}
