import type { GlobalTable } from "../../plan/physical.ts";
import { compiledProgram } from "../../processor/compiled_program.ts";
import { OutcomePatterns, Outcomes } from "../../processor/outcomes.ts";
import type { Program } from "../../processor/program.ts";
import type { ProcessorError } from "../../record/errors.ts";
import type { Row } from "../../record/row.ts";
import { DigestedRows } from "../../state/digested_rows.ts";
import { Entries } from "../../state/entries.ts";
import { FailedRows } from "../../state/failed_rows.ts";
import type { Refusals } from "../../state/refusals.ts";
import { GlobalRights, type GlobalView } from "../../state/right_store.ts";
import type { SharedRows } from "../../state/shared_rows.ts";
import type { SlotColumns } from "../../state/slot_columns.ts";
import type { Slot } from "../../state/slots.ts";

/** What a topology gives for each of its global tables. */
export interface GlobalStateOptions {
  readonly rows: SharedRows;
  /** The registers that anybody looks up, as [table, step]. */
  readonly looked: readonly (readonly [number, number])[];
  readonly view: (table: number, step: number) => GlobalView;
  /** What of a table could not be processed. */
  readonly refusals: (table: GlobalTable) => Refusals;
  /** Of the run options. */
  readonly compileAfterRows: number;
}

/** What is needed where something is made of the rows. */
interface Evaluation {
  readonly program: Program;
  readonly entries: Entries;
  readonly outcomes: Outcomes;
  readonly failed: FailedRows;
  readonly refusals: Refusals;
}

/**
 * What one topology makes of a global table: its joins, and the registers that are looked up. Its rows are those that
 * all topologies of the process share; all else lies in columns of the topology's own.
 */
export class GlobalState {
  readonly table: GlobalTable;
  readonly rows: SharedRows;
  /** The right rows of its lookups. */
  readonly stores: readonly GlobalRights[];
  readonly #columns: SlotColumns;
  /** For each register that others look up: its values by slot; those of the rows themselves, if nothing is made. */
  readonly #registers: ReadonlyMap<number, DigestedRows>;
  /** Those that are the rows themselves. */
  readonly #own: readonly number[];
  /** Null for a table whose rows are only looked up, as they are. */
  readonly #evaluation: Evaluation | null;
  /** Looks at each row that was evaluated; null while nobody looks. */
  tapped: ((slot: Slot) => void) | null = null;
  /** Rows below that were there when the topology joined, and were evaluated. */
  #joined: Slot = 0;

  constructor(table: GlobalTable, options: GlobalStateOptions) {
    const { rows, looked, view } = options;
    const { steps, lookups } = table;
    this.table = table;
    this.rows = rows;
    const columns = this.#columns = rows.columns();
    this.stores = lookups.map((lookup) => new GlobalRights(columns, view(lookup.table, lookup.step)));
    const registers = new Map<number, DigestedRows>();
    for (const [index, step] of looked) {
      if (index !== table.index || registers.has(step)) continue;
      registers.set(step, steps[step].kind === "member" ? rows.rows : new DigestedRows(columns));
    }
    this.#registers = registers;
    this.#own = [...registers].flatMap(([step, register]) => register === rows.rows ? [step] : []);
    this.#evaluation = steps.every(({ kind }) => kind === "member") ? null : this.#evaluationOf(options);
  }

  #evaluationOf({ rows, refusals: refusalsOf, compileAfterRows }: GlobalStateOptions): Evaluation {
    const { steps, lookups, keyColumns } = this.table;
    const entries = new Entries({ keys: rows.keys, rows: [rows.rows.rows], columns: this.#columns });
    const failed = new FailedRows(entries);
    const refusals = refusalsOf(this.table);
    const outcomes = new Outcomes(new OutcomePatterns(steps.length), this.#columns);
    const program = compiledProgram({
      steps,
      lookups,
      stores: this.stores,
      entries,
      keyColumns,
      outcomes,
      outputs: new Set(this.#registers.keys()),
      onError: (error: ProcessorError) => {
        failed.fail();
        refusals.row(error);
      },
    }, { afterRows: compileAfterRows });
    return { program, entries, outcomes, failed, refusals };
  }

  /** Values of a register that is looked up. */
  register(step: number): DigestedRows {
    return this.#registers.get(step)!;
  }

  /** Rows whose last evaluation failed. */
  get failedRows(): number {
    return this.#evaluation?.failed.size ?? 0;
  }

  /** What becomes of the rows at the steps of the table; null if nothing is made of them. */
  get outcomes(): Outcomes | null {
    return this.#evaluation?.outcomes ?? null;
  }

  /** The rows as programs see them; null if nothing is made of them. */
  get entries(): Entries | null {
    return this.#evaluation?.entries ?? null;
  }

  /** What the topology keeps for itself takes so much. */
  get ownBytes(): number {
    return this.stores.reduce((sum, { keys }) => sum + keys.bytes, this.#columns.bytes);
  }

  /** Slots of rows that were there when the topology joined and are not evaluated yet. */
  get unevaluated(): number {
    return this.#evaluation === null ? 0 : Math.max(0, this.rows.keys.slots - this.#joined);
  }

  /** Evaluates the next row of those. Returns its slot, and the registers that have another value by that. */
  evaluateNext(): { readonly slot: Slot; readonly changed: readonly number[] } {
    const slot = this.#joined++;
    return { slot, changed: this.rows.keys.isUsed(slot) ? this.evaluate(slot) : [] };
  }

  /** The row in this slot is another one, or gone. Returns the registers that have another value by that. */
  rowChanged(slot: Slot): readonly number[] {
    if (this.#evaluation === null) {
      if (this.tapped !== null) this.tapped(slot);
      return this.#own;
    }
    const changed = [...this.#own, ...this.evaluate(slot)];
    if (!this.rows.rows.has(slot)) this.#evaluation.failed.forget(slot);
    return changed;
  }

  /** Evaluates a row. Returns the registers that have another value by that, but for the row itself. */
  evaluate(slot: Slot): readonly number[] {
    if (this.#evaluation === null) return [];
    const { program, outcomes, failed, refusals } = this.#evaluation;
    const { rows } = this;
    failed.begin(slot);
    refusals.begin();
    const values = program.run(slot);
    refusals.evaluated(rows.keys.keyOf(slot));
    failed.end(slot);
    outcomes.note(slot);
    if (this.tapped !== null) this.tapped(slot);
    const changed: number[] = [];
    for (const [step, register] of this.#registers) {
      // Nothing of a global table is ever unknown.
      if (register !== rows.rows && register.write(slot, values[step] as Row | null)) changed.push(step);
    }
    return changed;
  }

  /** The topology is told nothing more, and keeps nothing of the rows. */
  close(): void {
    this.rows.drop(this.#columns);
  }
}
