import type { Step } from "../plan/physical.ts";
import { ProcessorError } from "../record/errors.ts";
import { type Key, keyText } from "../record/key.ts";
import type { Value } from "../record/row.ts";
import type { SlotTable } from "../state/slot_table.ts";
import type { Slot } from "../state/slots.ts";

/**
 * One operator of a program: from the registers before it to its own value. `program.ts` runs a program's operators in
 * order, each once, for one entry at a time; `compiled_program.ts` writes them out as one function that does the same.
 * The contract between them:
 *
 * - **When.** An entry is evaluated again as a whole whenever anything it uses changed: a member's row, or a right row
 *   it is linked to. Operators are given what their inputs are NOW; they see no differences and compare nothing with
 *   before. What changed for the outside is found behind the program, by digests (sinks, servers) and by remembered
 *   contributions (groups).
 * - **What it may read.** Registers of operators before it, the entry (its key, its members' rows) and, for a lookup
 *   join, its own right store. It is a function of those: evaluated twice, it gives equal values. A topology's
 *   callbacks must keep to that, too.
 * - **State.** None, but the lookup join's link from the entry to its right row, which lives in the right store.
 * - **UNKNOWN is not absent.** null says that there is no such row: outputs take back what they show. UNKNOWN says that
 *   a partner has not answered yet: outputs leave what they show. So an operator with an UNKNOWN input is UNKNOWN, it
 *   calls no callback, and it ends no link.
 * - **Who owns a row.** Rows are not changed once they are made. Those of members and right rows belong to the state,
 *   which gives the same objects to many evaluations; what a callback returns belongs to the callback. There is one
 *   exception: a lookup join adds its column to its input itself if the lookup join before it has just made that row
 *   and nobody else reads it. `program.ts` decides that, since only a program sees who reads which register. A program
 *   that is written out makes each row at once and extends none.
 * - **What is copied, and by whom.** A join copies its left row, one level deep; of a chain of lookup joins only the
 *   first does. A filter passes its input on. Outputs turn rows into text; who keeps a register's row longer than the
 *   evaluation (the views of global tables) names it among the program's `outputs`, so that no join extends it.
 * - **A callback throws.** The error is told with operator and key, and the value is null: this row is absent, no other
 *   is concerned.
 */
export type Operator = (registers: readonly Value[], entry: Slot) => Value;

/** A step of one kind. */
export type StepOf<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** What all operators of a program have in common. */
export interface OperatorContext {
  /** The entries' keys. */
  readonly keys: SlotTable;
  /** The entry's key as callbacks see it. */
  readonly keyValue: (key: Key) => unknown;
  /** A callback threw. The row counts as absent from that operator on. */
  readonly onError: (error: ProcessorError) => void;
}

/** Tells that the operator's callback threw for `row` of this entry. Returns what the operator's value is then. */
export function failed(
  context: OperatorContext,
  operator: string,
  { entry, row, cause }: { readonly entry: Slot; readonly row: Value; readonly cause: unknown },
): null {
  context.onError(new ProcessorError(operator, keyText(context.keys.keyOf(entry)), { cause, row }));
  return null;
}
