import type { Correction } from "../../record/correction.ts";

/** What is known to correct the records of one partition. More may come at any time. */
export interface PlaceCorrections {
  readonly partition: number;
  /** By offset, in the order in which they were written: the last one that can be read counts. */
  readonly byOffset: ReadonlyMap<number, readonly Correction[]>;
}

/** A partition of which nothing is corrected. */
export function uncorrected(partition: number): PlaceCorrections {
  return { partition, byOffset: new Map() };
}

/** A topic, and which of those that had its name. */
export interface CorrectedTopic {
  readonly name: string;
  readonly id: string | null;
}

/** Where a partition's corrections are, and who tells that there is another one. */
export interface CorrectionSource {
  /** Those of a partition of the topic that has this id. */
  of(topic: CorrectedTopic, partition: number): PlaceCorrections;
  /** `listener` is told of each one that comes from now on. Returns what ends that. */
  listen(listener: (correction: Correction) => void): () => void;
}

/** All corrections of a log, as far as they were read. */
export class CorrectionBook implements CorrectionSource {
  readonly #places = new Map<string, { partition: number; byOffset: Map<number, Correction[]> }>();
  readonly #listeners = new Set<(correction: Correction) => void>();

  of(topic: CorrectedTopic, partition: number): PlaceCorrections {
    return this.#placeOf(topic, partition);
  }

  listen(listener: (correction: Correction) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next one was read. */
  add(correction: Correction): void {
    const { topic, topicId, partition, offset } = correction;
    const { byOffset } = this.#placeOf({ name: topic, id: topicId }, partition);
    const known = byOffset.getOrInsertComputed(offset, () => []);
    const last = known.at(-1);
    // If it is that one, its acknowledgement was lost, and it was written again. Of another record that stood at this
    // place it may have the same value.
    if (last?.value !== correction.value || last.print !== correction.print) known.push(correction);
    for (const listener of [...this.#listeners]) listener(correction);
  }

  #placeOf({ name, id }: CorrectedTopic, partition: number) {
    return this.#places.getOrInsertComputed(JSON.stringify([name, id, partition]), () => ({
      partition,
      byOffset: new Map<number, Correction[]>(),
    }));
  }
}
