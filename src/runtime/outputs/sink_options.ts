import type { SinkPlan } from "../../plan/physical.ts";
import type { ProcessorError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Entries } from "../../state/entries.ts";
import type { Slot } from "../../state/slots.ts";
import type { OutgoingRow } from "../delivery/waiting_rows.ts";

/** What a sink output needs of its task. */
export interface SinkOutputOptions {
  readonly plan: SinkPlan;
  /** What is written instead of a row: where these are a table's changes, the row with its key. Null: the row. */
  readonly dressed: ((entry: Slot, row: Row) => Row) | null;
  readonly entries: Entries;
  readonly task: string;
  readonly epoch: number;
  /** Less than every epoch of this generation, and more than every one of earlier generations. */
  readonly firstEpoch: number;
  /** Whether rows of this key are this task's to write. */
  readonly owns: (key: Key) => boolean;
  readonly nextSeq: () => number;
  /** `row.line` is overwritten by the next row. */
  readonly put: (row: OutgoingRow) => void;
  /** The entry's row is to be looked at again when the start ends. */
  readonly hold: (entry: Slot) => void;
  /** Makes what tells whether an entry's row may be missing only because something failed; `gone`: how many are. */
  readonly suspecting: (gone: number) => (entry: Slot) => boolean;
  readonly complete: () => boolean;
  readonly onError: (error: ProcessorError) => void;
  /** The row of this key that ClickHouse refused is not the one to be shown any more. */
  readonly onReplaced: (key: Key) => void;
}
