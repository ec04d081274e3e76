import { generationOf } from "./epoch.ts";
import type { RowMark } from "./row_record.ts";

/** Who wrote a record of a table's changes, when, and into which partition. */
export type WrittenBy = Pick<RowMark, "task" | "epoch" | "seq"> & { readonly partition: number };

/** What is known of one partition: its greatest generation, and of each task the last epoch and number. */
interface Known {
  generation: number;
  readonly tasks: Map<string, readonly [epoch: number, seq: number]>;
}

/** As {@link WriterOrder.save} gives it: by partition its generation, and by task. */
export type SavedOrder = Readonly<
  Record<string, readonly [generation: number, { readonly [task: string]: readonly [number, number] }]>
>;

/**
 * Which records of a table's changes come late: a repeat, or what a dead owner wrote. A task numbers what it writes,
 * and appends it in the order of these numbers; so in each partition its records grow by (epoch, number), and one that
 * is not greater than one before it says nothing. Nor does one of an earlier generation behind one of a later. Whoever
 * reads the same records in their order finds the same ones late.
 */
export class WriterOrder {
  readonly #partitions = new Map<number, Known>();

  /**
   * Whether the next record of the partition comes late. A record with the number 0 takes back what is another task's
   * now: it has no place in the order of its task.
   */
  isLate({ partition, task, epoch, seq }: WrittenBy): boolean {
    const known = this.#partitions.getOrInsertComputed(partition, () => ({ generation: 0, tasks: new Map() }));
    const generation = generationOf(epoch);
    if (generation < known.generation) return true;
    // Of what was before nothing counts any more, whoever wrote it.
    if (generation > known.generation) known.tasks.clear();
    known.generation = generation;
    if (seq === 0) return false;
    const [lastEpoch, lastSeq] = known.tasks.get(task) ?? NOTHING;
    if (epoch < lastEpoch || (epoch === lastEpoch && seq <= lastSeq)) return true;
    known.tasks.set(task, [epoch, seq]);
    return false;
  }

  /** All that it knows, as plain data. */
  save(): SavedOrder {
    return Object.fromEntries(
      [...this.#partitions].map(([partition, { generation, tasks }]) =>
        [partition, [generation, Object.fromEntries(tasks)]] as const
      ),
    );
  }

  /** What {@link save} gave. */
  load(saved: SavedOrder): void {
    for (const [partition, [generation, tasks]] of Object.entries(saved)) {
      this.#partitions.set(Number(partition), { generation, tasks: new Map(Object.entries(tasks)) });
    }
  }
}

const NOTHING = [-1, -1] as const;
