import { factKey, factValue, headRecord } from "../../formats/changelog_fact.ts";
import type { NewRecord } from "../../ports/log.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";
import type { ElementChange } from "../../state/keyed_elements.ts";
import type { StreamBatch } from "./stream_batch.ts";

/** What the facts of one task are made of. */
export interface StageFactsOptions {
  readonly owner: string;
  /** How the operator folds. */
  readonly print: string;
  readonly operator: StatefulOperator;
}

/** Makes the records for the changelog out of what changed. */
export class StageFacts {
  readonly #options: StageFactsOptions;

  constructor(options: StageFactsOptions) {
    this.#options = options;
  }

  /** What changed up to `to` becomes part of the batch, in place of what the batch said before of the same elements. */
  collect(
    { facts }: StreamBatch,
    { to, origins }: { readonly to: number; readonly origins: ReadonlyMap<string, readonly [number, number]> },
  ): void {
    const { owner, operator, print } = this.#options;
    for (const change of operator.elements.takeChanges()) {
      const { key, columns, kind, element } = change;
      const name = factKey({ owner, key, start: element.start, seq: element.seq });
      const ofKey = facts.keys.getOrInsertComputed(key, () => new Map<string, string | null>());
      // A session that grows is replaced by one that begins as it did: that one is the fact.
      if (kind !== "put" && isReplaced(operator, change)) continue;
      ofKey.set(name, kind === "dropped" ? null : factValue({ to, columns, element: kind === "put" ? element : null }));
    }
    facts.head = headRecord({ owner, to, origins: Object.fromEntries(origins), saved: operator.save(), print });
  }
}

function isReplaced({ elements }: StatefulOperator, { key, element }: ElementChange): boolean {
  return elements.of(key).some(({ start, seq }) => start === element.start && seq === element.seq);
}

/** What a batch adds to the changelog: by key, the records of its elements by their names; null: to be removed. */
export class BatchFacts {
  readonly keys = new Map<Key, Map<string, string | null>>();
  /** What is written behind all of them. */
  head: { readonly key: string; readonly value: string } | null = null;

  /** The records, those of one key together, in parts of about `bytes`; the head is the last. */
  parts(bytes: number): NewRecord[][] {
    const parts: NewRecord[][] = [[]];
    let size = 0;
    for (const records of this.keys.values()) {
      if (size > bytes) {
        parts.push([]);
        size = 0;
      }
      for (const [key, value] of records) {
        parts.at(-1)!.push({ key, value });
        size += key.length + (value?.length ?? 0);
      }
    }
    if (this.head !== null) parts.push([this.head]);
    return parts.filter((part) => part.length > 0);
  }
}
