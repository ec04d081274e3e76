import type { StagePlan } from "../../plan/physical.ts";
import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { packOf } from "./pack.ts";

/** An event for a stage, as `packedEvent` gives it. */
export interface ShuffledText {
  readonly stage: StagePlan;
  readonly text: string;
}

/** Events of one partition of a source on their way into stages. */
export class ShuffledEvents {
  /** By stage and partition: events in their order. */
  readonly #into = new Map<StagePlan, Map<number, string[]>>();
  size = 0;
  chars = 0;

  /** `event`: as `packedEvent` gives it. */
  add({ stage, partition }: { readonly stage: StagePlan; readonly partition: number }, event: string): void {
    const partitions = this.#into.getOrInsertComputed(stage, () => new Map<number, string[]>());
    partitions.getOrInsertComputed(partition, () => []).push(event);
    this.size++;
    this.chars += event.length;
  }

  /**
   * What is to be appended to repartition topics, in packs of about `chars` characters. `source`, `partition`: of the
   * records that events were made of.
   */
  batches({ source, partition, chars }: PackOptions): AppendBatch[] {
    return [...this.#into].flatMap(([stage, partitions]) =>
      [...partitions].map(([to, events]): AppendBatch => ({
        topic: stage.repartition,
        partition: to,
        records: packs(events, { source, partition, chars }),
      })).filter(({ records }) => records.length > 0)
    );
  }

  /** The longest event; null if there is none. */
  get longest(): ShuffledText | null {
    let longest: ShuffledText | null = null;
    for (const [stage, partitions] of this.#into) {
      for (const texts of partitions.values()) {
        for (const text of texts) if (text.length > (longest?.text.length ?? 0)) longest = { stage, text };
      }
    }
    return longest;
  }

  /** Takes an event out. */
  remove({ stage, text }: ShuffledText): void {
    for (const texts of this.#into.get(stage)!.values()) {
      const at = texts.indexOf(text);
      if (at >= 0) texts.splice(at, 1);
    }
  }
}

/** How events are packed. */
export interface PackOptions {
  readonly source: string;
  readonly partition: number;
  readonly chars: number;
}

function packs(events: readonly string[], { source, partition, chars }: PackOptions): NewRecord[] {
  const records: NewRecord[] = [];
  const pack = (from: number, to: number) =>
    records.push({ key: null, value: packOf(source, { partition, events: events.slice(from, to) }) });
  let [from, size] = [0, 0];
  for (const [index, { length }] of events.entries()) {
    if (size > 0 && size + length > chars) {
      pack(from, index);
      [from, size] = [index, 0];
    }
    size += length;
  }
  if (from < events.length) pack(from, events.length);
  return records;
}
