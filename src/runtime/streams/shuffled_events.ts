import type { StagePlan } from "../../plan/physical.ts";
import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { packOf } from "./pack.ts";
import { TextBytes } from "./text_bytes.ts";

/** An event for a stage, as `packedEvent` gives it. */
export interface ShuffledText {
  readonly stage: StagePlan;
  readonly text: string;
  /** Of its UTF-8. */
  readonly bytes: number;
  /** The partition of the stage that it is for, and which of its events it is. */
  readonly partition: number;
  readonly index: number;
}

/** Events of one partition of a source on their way into stages. */
export class ShuffledEvents {
  /** By stage and partition: events in their order. */
  readonly #into = new Map<StagePlan, Map<number, TextBytes>>();
  size = 0;
  /** About so many. */
  bytes = 0;

  /** `event`: as `packedEvent` gives it. */
  add({ stage, partition }: { readonly stage: StagePlan; readonly partition: number }, event: string): void {
    let partitions = this.#into.get(stage);
    if (partitions === undefined) this.#into.set(stage, partitions = new Map());
    let events = partitions.get(partition);
    if (events === undefined) partitions.set(partition, events = new TextBytes());
    const { length } = events;
    events.add(event);
    this.size++;
    this.bytes += events.length - length;
  }

  /**
   * What is to be appended to repartition topics, in packs of about `bytes` bytes. `source`, `partition`: of the
   * records that events were made of.
   */
  batches({ source, partition, bytes }: PackOptions): AppendBatch[] {
    return [...this.#into].flatMap(([stage, partitions]) =>
      [...partitions].map(([to, events]): AppendBatch => ({
        topic: stage.repartition,
        partition: to,
        records: packs(events, { source, partition, bytes }),
      })).filter(({ records }) => records.length > 0)
    );
  }

  /** The longest event; null if there is none. */
  get longest(): ShuffledText | null {
    let longest: (Omit<ShuffledText, "text"> & { readonly events: TextBytes }) | null = null;
    for (const [stage, partitions] of this.#into) {
      for (const [partition, events] of partitions) {
        for (let index = 0; index < events.count; index++) {
          const bytes = events.lengthOf(index);
          if (longest === null || bytes > longest.bytes) longest = { stage, partition, index, bytes, events };
        }
      }
    }
    if (longest === null) return null;
    const { events, ...found } = longest;
    return { ...found, text: events.textOf(found.index) };
  }

  /** Takes out an event that was the longest one just now. */
  remove({ stage, partition, index }: ShuffledText): void {
    this.#into.get(stage)!.get(partition)!.remove(index);
  }
}

/** How events are packed. */
export interface PackOptions {
  readonly source: string;
  readonly partition: number;
  readonly bytes: number;
}

function packs(events: TextBytes, { source, partition, bytes }: PackOptions): NewRecord[] {
  const records: NewRecord[] = [];
  const pack = (from: number, to: number) =>
    records.push({ key: null, value: packOf(source, { partition, events, from, to }) });
  let [from, size] = [0, 0];
  for (let index = 0; index < events.count; index++) {
    const length = events.lengthOf(index);
    if (size > 0 && size + length > bytes) {
      pack(from, index);
      [from, size] = [index, 0];
    }
    size += length;
  }
  if (from < events.count) pack(from, events.count);
  return records;
}
