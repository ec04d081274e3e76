import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log, PartitionOffsets, Position, TopicDescription } from "../../ports/log.ts";
import type { Key } from "../../record/key.ts";
import type { RowsUser } from "../../state/shared_rows.ts";
import type { MendedBy } from "./change_reader.ts";
import type { CorrectionSource } from "./corrections.ts";
import type { Unread } from "./unread_records.ts";

/** One topology that uses the table. What it throws is its own matter: it has {@link RowsUser.failed}. */
export interface TableUser extends RowsUser {
  /** The changes that come next are those of this record; null: they are of none. */
  reading(position: Position | null): void;
  /** Evaluates at most so many rows that use what changed; true if more wait. */
  work(rows: number): boolean;
  /** A record could not be read: now, or before the topology came, if no later change of its key was read since. */
  unread(unread: Unread): void;
  /** A change of this key was read, of which the last one could not be read. `by`: what corrects a record was. */
  mended(key: Key, by?: MendedBy): void;
  /** A column is probably read in the wrong unit. */
  doubt(doubt: UnitDoubt): void;
  /** Positions moved on. */
  moved(): void;
  /** The topic cannot be read at the moment, and why; or it can be read again. */
  problem(problem: string | null): void;
  /** What was read of the topic counts no more, and why: all that was built on the table must be built again. */
  lost(why: string): void;
}

/** Where a table is read, as a topology that comes finds it. */
export interface TablePlace {
  readonly log: Log;
  readonly clock: Clock;
  readonly topic: TopicDescription;
  /** Asked for after the topic was described. */
  readonly offsets: PartitionOffsets;
  readonly corrections: CorrectionSource;
}
