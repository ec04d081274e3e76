import type { StagePlan } from "../../plan/physical.ts";
import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { packOf } from "./pack.ts";

/** Characters of a pack: far below what every topic takes, and enough that nothing is gained by more. */
const PACK_CHARS = 200_000;

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

  /** What is to be appended to repartition topics. `source`, `partition`: of the records that events were made of. */
  batches(source: string, partition: number): AppendBatch[] {
    return [...this.#into].flatMap(([stage, partitions]) =>
      [...partitions].map(([to, events]): AppendBatch => ({
        topic: stage.repartition,
        partition: to,
        records: packs(events, (part) => packOf(source, { partition, events: part })),
      }))
    );
  }
}

function packs(events: readonly string[], pack: (events: readonly string[]) => string): NewRecord[] {
  const records: NewRecord[] = [];
  let [from, chars] = [0, 0];
  for (const [index, { length }] of events.entries()) {
    if (chars > 0 && chars + length > PACK_CHARS) {
      records.push({ key: null, value: pack(events.slice(from, index)) });
      [from, chars] = [index, 0];
    }
    chars += length;
  }
  if (from < events.length) records.push({ key: null, value: pack(events.slice(from)) });
  return records;
}
