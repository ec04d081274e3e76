import type { TaskTable } from "../../plan/physical.ts";
import type { Key } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import type { Chores } from "../../state/chores.ts";
import type { Entries } from "../../state/entries.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { AskedRights, GlobalRights } from "../../state/right_store.ts";
import type { Slot } from "../../state/slots.ts";
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
  readonly entries: Entries;
  /** The right rows of each lookup. */
  readonly stores: readonly (AskedRights | GlobalRights)[];
  readonly servers: readonly Server[];
  readonly merges: readonly (Merge | null)[];
  readonly senders: readonly (ShareSender | null)[];
  /** What could not be processed. */
  readonly refusals: Refusals;
  /** Own rows, global tables and what the sinks show are here: everything may be evaluated and answered. */
  readonly loaded: boolean;
  /** A member's row of this key is `row` now (null: deleted). Returns the row that it replaces. */
  setRow(member: number, key: Key, row: Row | null): Row | null;
  /** Registers of an entry without touching outputs that are up to date. */
  registersOf(entry: Slot): readonly Value[];
  /** A right row of this lookup has another value: all entries that use it are evaluated again. */
  rightChanged(lookup: number, right: Slot): void;
  /** A right row that a snapshot held is what it was: entries that wait for it are evaluated. */
  rightConfirmed(lookup: number, right: Slot): void;
  /** Entries that wait for a partner. */
  readonly pendingEntries: {
    isSettled(entry: Slot): boolean;
    add(entry: Slot): void;
  };
}
