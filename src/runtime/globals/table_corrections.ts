import type { Correction } from "../../record/correction.ts";
import type { ChangeReader } from "./change_reader.ts";
import type { CorrectedTopic, CorrectionSource, PlaceCorrections } from "./corrections.ts";

/** What corrects the records of one topic, and which of it came since a reader of all its partitions looked last. */
export class TableCorrections {
  readonly #source: CorrectionSource;
  readonly #topic: CorrectedTopic;
  #waiting: Correction[] = [];

  constructor(source: CorrectionSource, topic: CorrectedTopic) {
    this.#source = source;
    this.#topic = topic;
  }

  /** Notes from now on what comes. Returns what ends that. */
  listen(): () => void {
    const { name, id } = this.#topic;
    return this.#source.listen((correction) => {
      if (correction.topic === name && correction.topicId === id) this.#waiting.push(correction);
    });
  }

  /** Whether any came. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** Of one partition. */
  of(partition: number): PlaceCorrections {
    return this.#source.of(this.#topic, partition);
  }

  /**
   * Takes those that came, of records that were read: those before `positions`. `reading`: told of each before it is
   * taken. Returns false if it is not known what one of them changes, so that the topic must be read again.
   */
  take(
    changes: ChangeReader,
    { positions, reading }: {
      readonly positions: readonly number[];
      readonly reading: (correction: Correction) => void;
    },
  ): boolean {
    let known = true;
    for (const correction of this.#waiting.splice(0)) {
      const { partition, offset } = correction;
      if (offset >= positions[partition]) continue;
      reading(correction);
      known &&= changes.correct(correction, this.of(partition)) !== "unknown";
    }
    return known;
  }
}
