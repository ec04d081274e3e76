import { type FactHead, factKey, factValue, headRecord } from "../../formats/changelog_fact.ts";
import type { NewRecord } from "../../ports/log.ts";
import type { ElementChange, StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";

/** An element of a key, and the value of its record. */
interface FactOfKey {
  readonly start: number;
  readonly seq: number;
  readonly value: string;
  /** Its record is removed once the position behind it is there. */
  readonly used: boolean;
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
      const value = factValue({ to: head.to, columns, element: kind === "put" ? element : null });
      const { start, seq } = element;
      const ofKey = this.#keys.getOrInsertComputed(key, () => new Map<string, FactOfKey>());
      ofKey.set(`${start}/${seq}`, { start, seq, value, used: kind === "dropped" });
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
    const parts: NewRecord[][] = [[]];
    const removed: NewRecord[] = [];
    let size = 0;
    for (const [key, facts] of this.#keys) {
      if (size > chars) {
        parts.push([]);
        size = 0;
      }
      for (const { start, seq, value, used } of facts.values()) {
        const name = factKey({ owner, key, start, seq });
        parts.at(-1)!.push({ key: name, value });
        if (used) removed.push({ key: name, value: null });
        size += name.length + value.length;
      }
    }
    if (this.#head !== null) parts.push([headRecord({ ...this.#head, owner })]);
    return [...parts, removed].filter((part) => part.length > 0);
  }
}

function isReplaced(elements: StatefulOperator["elements"], { key, element: { start, seq } }: ElementChange): boolean {
  return elements.of(key).some((other) => other.start === start && other.seq === seq);
}
