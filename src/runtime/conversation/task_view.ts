import type { TaskTable } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import type { Chores } from "../../state/chores.ts";
import type { Entry } from "../../state/entry.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { RightEntry, RightStore } from "../../state/right_store.ts";
import type { Channel } from "./channel.ts";
import type { Merge } from "./merge.ts";
import type { ShareSender } from "./share_sender.ts";
import type { Server } from "./server.ts";

/** A task as its readers see it: what records and messages may look at and change. */
export interface TaskView {
  readonly id: string;
  readonly table: TaskTable;
  readonly partition: number;
  readonly epoch: number;
  readonly channel: Channel;
  /** What takes several turns. */
  readonly chores: Chores;
  readonly entries: Map<Key, Entry>;
  readonly stores: readonly RightStore[];
  readonly servers: readonly Server[];
  readonly merges: readonly (Merge | null)[];
  readonly senders: readonly (ShareSender | null)[];
  /** What could not be processed. */
  readonly refusals: Refusals;
  /** Own rows, global tables and what the sinks show are here: everything may be evaluated and answered. */
  readonly loaded: boolean;
  /** The row of one member that the entry holds. */
  rowOf(entry: Entry, member: number): Row | null;
  /** A member's row of this key is `row` now (null: deleted). Returns the row that it replaces. */
  setRow(member: number, key: Key, row: Row | null): Row | null;
  /** Registers of an entry without touching outputs that are up to date. */
  registersOf(entry: Entry): readonly Value[];
  /** A right row has another value: all entries that use it are evaluated again. */
  rightChanged(right: RightEntry): void;
}
