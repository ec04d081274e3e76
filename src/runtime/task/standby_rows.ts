import type { TaskTable } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { taskId } from "../../record/task_id.ts";
import type { Chore } from "../../state/chores.ts";
import { Entries } from "../../state/entries.ts";
import { NO_SLOT } from "../../state/slots.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import { KeptLetters } from "./kept_letters.ts";
import { createRetention, type Retention } from "./retention.ts";
import { type SourceContext, SourceReader, type SourceRows } from "./source_reader.ts";
import type { Task } from "./task.ts";

/** Rows of windows that leave the memory at a time. */
const ENDED_MAX = 5_000;

/**
 * The rows of a task that another instance runs: its source, read as the task reads it. It has no epoch, evaluates and
 * shows nothing, and tells nobody anything.
 */
export class StandbyRows implements SourceRows {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  readonly epoch = 0;
  readonly loaded = false;
  readonly entries: Entries;
  readonly retention: Retention | null;
  readonly source: SourceReader;
  /** Records that could not be read. */
  readonly letters = new KeptLetters();

  constructor(
    { context, table, partition }: {
      readonly context: Pick<SourceContext, "partitions" | "keyBytes" | "decoders" | "corrections">;
      readonly table: TaskTable;
      readonly partition: number;
    },
  ) {
    this.id = taskId(table.name, partition);
    this.table = table;
    this.partition = partition;
    this.entries = new Entries(table.members.length);
    this.retention = createRetention(this);
    const { partitions, keyBytes, decoders, corrections } = context;
    const reading = { partitions, keyBytes, decoders, corrections, letters: this.letters };
    // What the owner has read is counted there.
    this.source = new SourceReader(this, { ...reading, count: () => {} });
  }

  /** What the rows take. */
  get bytes(): number {
    return this.entries.keys.bytes + this.letters.bytes;
  }

  setRow(member: number, key: Key, row: Row | null): Row | null {
    const { keys, members } = this.entries;
    const found = keys.find(key);
    if (found === NO_SLOT && row === null) return null;
    const entry = found === NO_SLOT ? keys.add(key) : found;
    const before = members[member].read(entry);
    members[member].write(entry, row);
    if (row === null && !this.entries.hasRow(entry)) keys.remove(entry);
    return before;
  }

  /** Windows that are beyond the horizon leave the memory, some at a time. */
  endSome(): void {
    this.retention?.work(ENDED_MAX, (entry) => this.entries.keys.remove(entry));
  }

  /** Makes these entries, with which the task was begun, its own: all of them are to be evaluated. */
  *become({ task, letters }: TakingOver): Chore {
    // What is remembered of keys, and the records that could not be read.
    task.source.goOnFrom(this.source);
    this.letters.tell(letters, { task: task.id, epoch: task.epoch });
    for (const entry of task.entries.keys.used()) {
      task.expect(entry);
      yield;
    }
  }
}

/** A task that takes the rows over, and who hears of the records that could not be read. */
export interface TakingOver {
  readonly task: Task;
  readonly letters: Pick<DeadLetterQueue, "undecodable">;
}
