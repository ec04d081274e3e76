import type { PhysicalPlan, SinkPlan, TaskTable } from "../../plan/physical.ts";
import type { Decoder } from "../../formats/decoder.ts";
import type { Bytes } from "../../ports/log.ts";
import type { Destination } from "../conversation/channel.ts";
import type { PlaceCorrections } from "../globals/corrections.ts";
import type { Globals } from "../globals/globals.ts";
import type { RunOptions } from "../options.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";
import type { Entries } from "../../state/entries.ts";

/** What all tasks of one topology on one instance share. */
export interface TaskContext {
  readonly plan: PhysicalPlan;
  readonly options: RunOptions;
  /** Partitions of each table's inbox, by table index. */
  readonly partitions: readonly number[];
  /** See `Partitions` of the conversation. */
  readonly keyBytes?: (topic: string, text: string) => Bytes;
  readonly globals: Globals;
  /** Decoders of a table's source members. */
  readonly decoders: (table: TaskTable) => readonly (Decoder | null)[];
  /** What corrects records of a partition of a source's topic that cannot be read. */
  readonly corrections: (topic: string, partition: number) => PlaceCorrections;
  /** Whether this task of a table, by its index, starts on this instance now. */
  readonly isStarting: (table: number, partition: number) => boolean;
  /** Appends a record to an inbox, in order. */
  readonly emit: (task: string, destination: Destination, record: string) => void;
  /**
   * Hands a row to the sink's writer, which copies its line, with the timestamp of the source records behind it; 0 if
   * unknown.
   */
  readonly put: (sink: SinkPlan, row: OutgoingRow, sourceMs: number) => void;
  /** Whether rows of tables that this one is computed from have failed on this instance: then rows may be missing. */
  readonly suspect: (table: TaskTable) => boolean;
  /** What could not be processed, and what of it no longer applies. */
  readonly letters: DeadLetterQueue;
  /** Counts by name; see `metric_names.ts`. */
  readonly count: (name: string, labels: Readonly<Record<string, string>>, value: number) => void;
}

/** What a task is made of. */
export interface TaskOptions {
  readonly context: TaskContext;
  readonly table: TaskTable;
  readonly partition: number;
  readonly epoch: number;
  /** Those of a standby, which are to be adopted next; absent: there are none yet. */
  readonly entries?: Entries;
}
