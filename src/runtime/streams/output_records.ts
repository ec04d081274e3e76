import type { Guarantee } from "../../dsl/topic_sink.ts";
import type { OutputPlan } from "../../plan/physical.ts";
import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { type OutputRecord, recordLength } from "../../processor/output_record.ts";
import { ORIGIN_HEADER } from "../../record/event_origin.ts";
import { packHeaders } from "../../record/headers.ts";

/** A record on its way, and which of those of the record at `offset` it is in its topic. */
export interface PlacedRecord {
  readonly record: OutputRecord;
  readonly offset: number;
  readonly index: number;
}

/** A record, and where it goes. */
export interface FoundRecord {
  readonly output: OutputPlan;
  readonly placed: PlacedRecord;
}

/** Events of one partition on their way into topics for others. */
export class OutputRecords {
  /** By topic and its partition: records in their order. */
  readonly #into = new Map<OutputPlan, Map<number, PlacedRecord[]>>();
  /** By topic: the last one. */
  readonly #last = new Map<OutputPlan, PlacedRecord>();
  size = 0;
  length = 0;

  /** `offset`: of the record that it is made of. */
  add(
    { output, partition }: { readonly output: OutputPlan; readonly partition: number },
    { record, offset }: Omit<PlacedRecord, "index">,
  ): void {
    const last = this.#last.get(output);
    const placed = { record, offset, index: last?.offset === offset ? last.index + 1 : 0 };
    this.#last.set(output, placed);
    const partitions = this.#into.getOrInsertComputed(output, () => new Map<number, PlacedRecord[]>());
    partitions.getOrInsertComputed(partition, () => []).push(placed);
    this.size++;
    this.length += recordLength(record);
  }

  /** Whether any is to be appended with that guarantee. */
  has(guarantee: Guarantee): boolean {
    return [...this.#into.keys()].some(({ node: { sink } }) => sink.guarantee === guarantee);
  }

  /**
   * What is to be appended with that guarantee. `source`, `partition`: of the records that events were made of, `from`
   * that offset on.
   */
  batches(
    { source, partition, guarantee, from = 0 }: {
      readonly source: string;
      readonly partition: number;
      readonly guarantee: Guarantee;
      readonly from?: number;
    },
  ): AppendBatch[] {
    const made = ({ record: { headers, ...record }, offset, index }: PlacedRecord): NewRecord => ({
      ...record,
      headers: packHeaders({ ...headers, [ORIGIN_HEADER]: `${source}/${partition}/${offset}/${index}` }),
    });
    return [...this.#into].flatMap(([{ topic, node: { sink } }, partitions]) => {
      if (sink.guarantee !== guarantee) return [];
      return [...partitions].flatMap(([to, all]) => {
        const records = all.filter(({ offset }) => offset >= from);
        return records.length === 0 ? [] : [{ topic, partition: to, records: records.map(made) }];
      });
    });
  }

  /** The longest record of that guarantee; null if there is none. */
  longest(guarantee: Guarantee): FoundRecord | null {
    let longest: FoundRecord | null = null;
    let most = -1;
    for (const [output, partitions] of this.#into) {
      if (output.node.sink.guarantee !== guarantee) continue;
      for (const placed of [...partitions.values()].flat()) {
        const length = recordLength(placed.record);
        if (length > most) [longest, most] = [{ output, placed }, length];
      }
    }
    return longest;
  }

  /** Takes a record out. */
  remove({ output, placed }: FoundRecord): void {
    for (const records of this.#into.get(output)!.values()) {
      const at = records.indexOf(placed);
      if (at >= 0) records.splice(at, 1);
    }
  }
}
