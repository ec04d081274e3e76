import type { GlobalTable } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { createProgram, type Program } from "../../processor/program.ts";
import type { Key } from "../../record/key.ts";
import type { Row, Value } from "../../record/row.ts";
import { wireEquals } from "../../record/wire.ts";
import { type CellLayout, type Entry, layoutOf, newEntry } from "../../state/entry.ts";
import { FailedRows } from "../../state/failed_rows.ts";
import type { Refusals } from "../../state/refusals.ts";
import { type RightEntry, RightStore } from "../../state/right_store.ts";

/** A row that at most so many rows of other global tables use has them evaluated at once. */
const USERS_AT_ONCE = 16;

/** Told when a register of a global table has another value for a key. */
export type GlobalListener = (table: number, step: number, key: Key, value: Row | null) => void;

interface GlobalState {
  readonly table: GlobalTable;
  readonly entries: Map<Key, Entry>;
  readonly stores: readonly RightStore[];
  readonly program: Program;
  readonly layout: CellLayout;
  readonly refusals: Refusals;
  /** For each register that others look up: the values that are not absent. */
  readonly views: ReadonlyMap<number, Map<Key, Row>>;
}

/** A right row whose users are evaluated again, from the end of their list. */
interface FanOut {
  readonly state: GlobalState;
  readonly right: RightEntry;
  next: number;
}

/**
 * The global tables of one topology on one instance: whole, joined with each other, and telling the tasks what changed.
 * A value equal to the one before is not told. Rows of a global table that use a row that many use are evaluated in
 * slices; until then they are what they were.
 */
export class Globals {
  readonly #states: readonly GlobalState[];
  readonly #listeners = new Set<GlobalListener>();
  readonly #fanOuts = new Map<RightEntry, FanOut>();
  readonly #failed = new FailedRows();
  /** Where the record lies whose change is being made; null while none is. */
  reading: Position | null = null;

  /** `looked`: the registers that anybody looks up, as [table, step]. */
  constructor(options: {
    tables: readonly GlobalTable[];
    looked: readonly (readonly [number, number])[];
    /** What of a table could not be processed. */
    refusals: (table: GlobalTable) => Refusals;
  }) {
    this.#states = options.tables.map((table) => this.#stateOf(table, options));
  }

  #stateOf(
    table: GlobalTable,
    options: { looked: readonly (readonly [number, number])[]; refusals: (table: GlobalTable) => Refusals },
  ) {
    const layout = layoutOf({ lookups: table.lookups.length, sinks: 0, groups: [], serves: 0 });
    const stores = table.lookups.map((lookup, index) =>
      new RightStore({ cell: index * 2, first: (key) => this.get(lookup.table, lookup.step, key), keepUnused: false })
    );
    const { steps, lookups, keyColumns } = table;
    const views = new Map<number, Map<Key, Row>>();
    for (const [index, step] of options.looked) if (index === table.index) views.set(step, new Map());
    const refusals = options.refusals(table);
    const program = createProgram({
      steps,
      lookups,
      stores,
      members: 1,
      keyColumns,
      outputs: new Set(views.keys()),
      onError: (error) => {
        this.#failed.fail();
        refusals.row(error);
      },
    });
    return { table, entries: new Map<Key, Entry>(), stores, program, layout, refusals, views };
  }

  /** Rows whose last evaluation failed. */
  get failedRows(): number {
    return this.#failed.size;
  }

  /** Rows held, over all global tables. */
  get size(): number {
    return this.#states.reduce((sum, state) => sum + state.entries.size, 0);
  }

  listen(listener: GlobalListener): void {
    this.#listeners.add(listener);
  }

  /** The value of a register for a key, or null. */
  get(table: number, step: number, key: Key): Row | null {
    return this.#states[table].views.get(step)?.get(key) ?? null;
  }

  /** The row now held for a key, for the repair of unavailable columns. */
  row(table: number, key: Key): Row | null {
    return this.#states[table].entries.get(key)?.row as Row | undefined ?? null;
  }

  /** A source row changed (null: deleted). Returns the row that it replaces. */
  change(table: number, key: Key, row: Row | null): Row | null {
    const state = this.#states[table];
    let entry = state.entries.get(key);
    if (entry === undefined) {
      if (row === null) return null;
      state.entries.set(key, entry = newEntry(key, state.layout));
    }
    const before = entry.row as Row | null;
    if (row !== null && before !== null && wireEquals(row, before)) return before;
    entry.row = row;
    this.#evaluate(state, entry);
    if (row === null) state.entries.delete(key);
    return before;
  }

  #evaluate(state: GlobalState, entry: Entry): void {
    this.#failed.begin(entry);
    state.refusals.begin();
    const registers = state.program.run(entry);
    state.refusals.evaluated(entry.key);
    this.#failed.end(entry);
    const changed: [number, Row | null][] = [];
    for (const [step, view] of state.views) {
      const now = registers[step] as Exclude<Value, symbol>;
      const before = view.get(entry.key) ?? null;
      if (now === before || (now !== null && before !== null && wireEquals(now, before))) continue;
      if (now === null) view.delete(entry.key);
      else view.set(entry.key, now);
      changed.push([step, now]);
    }
    for (const [step, value] of changed) this.#tell(state.table.index, step, entry.key, value);
  }

  #tell(table: number, step: number, key: Key, value: Row | null): void {
    for (const state of this.#states) {
      state.table.lookups.forEach((lookup, index) => {
        if (lookup.table !== table || lookup.step !== step) return;
        const right = state.stores[index].entries.get(key);
        if (right === undefined) return;
        right.value = value;
        if (right.users.length > USERS_AT_ONCE) {
          this.#fanOuts.set(right, { state, right, next: right.users.length - 1 });
        } else for (const user of [...right.users]) this.#evaluate(state, user);
      });
    }
    for (const listener of this.#listeners) listener(table, step, key, value);
  }

  /** Evaluates at most so many rows that use a row which changed; true if more wait. */
  work(rows: number): boolean {
    for (let left = rows; left > 0; left--) {
      const [fanOut] = this.#fanOuts.values();
      if (fanOut === undefined) return false;
      const { state, right } = fanOut;
      // A user that leaves is replaced by the last one, which is evaluated already, or takes the end of the list away.
      fanOut.next = Math.min(fanOut.next, right.users.length - 1);
      if (fanOut.next < 0) this.#fanOuts.delete(right);
      else this.#evaluate(state, right.users[fanOut.next--]);
    }
    return this.#fanOuts.size > 0;
  }
}
