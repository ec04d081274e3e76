import type { GlobalTable } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import { compiledProgram } from "../../processor/compiled_program.ts";
import type { Program } from "../../processor/program.ts";
import type { ProcessorError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { digestOf } from "../../record/digest.ts";
import { encodeWire } from "../../record/wire.ts";
import { NumberCells } from "../../state/cells.ts";
import { Entries } from "../../state/entries.ts";
import { FailedRows } from "../../state/failed_rows.ts";
import type { Links, Walk } from "../../state/links.ts";
import { PackedRows } from "../../state/packed_rows.ts";
import type { Refusals } from "../../state/refusals.ts";
import { GlobalRights, type GlobalView } from "../../state/right_store.ts";
import type { Rows } from "../../state/rows.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";

/** Null for a row with values that no text stands for: it equals no other. */
function digestOfRow(row: Row | null): number | null {
  try {
    return digestOf(encodeWire(row));
  } catch {
    return null;
  }
}

/** A row that at most so many rows of other global tables use has them evaluated at once. */
const USERS_AT_ONCE = 16;

/** Told when a register of a global table has another value for a key. */
export type GlobalListener = (table: number, step: number, key: Key) => void;

interface GlobalState {
  readonly table: GlobalTable;
  readonly entries: Entries;
  readonly stores: readonly GlobalRights[];
  readonly program: Program;
  readonly failed: FailedRows;
  readonly refusals: Refusals;
  /** For each register that others look up: its values by entry. */
  readonly views: ReadonlyMap<number, ViewRows>;
}

interface ViewRows {
  /** Those of the entries themselves, if it is their own register. */
  readonly rows: Rows;
  /** Of those asked for. */
  readonly digests: NumberCells;
}

/** A right row whose users are evaluated again. */
interface FanOut {
  readonly state: GlobalState;
  readonly links: Links;
  readonly right: Slot;
  readonly users: Walk;
}

/**
 * The global tables of one topology on one instance: whole, joined with each other, and telling the tasks what changed.
 * A value equal to the one before is not told. Rows of a global table that use a row that many use are evaluated in
 * slices; until then they are what they were.
 */
export class Globals {
  readonly #states: readonly GlobalState[];
  readonly #listeners = new Set<GlobalListener>();
  #fanOuts: FanOut[] = [];
  /** Where the record lies whose change is being made; null while none is. */
  reading: Position | null = null;

  /** `looked`: the registers that anybody looks up, as [table, step]. */
  constructor(options: {
    tables: readonly GlobalTable[];
    looked: readonly (readonly [number, number])[];
    /** What of a table could not be processed. */
    refusals: (table: GlobalTable) => Refusals;
    /** Of the run options. */
    compileAfterRows: number;
  }) {
    this.#states = options.tables.map((table) => this.#stateOf(table, options));
  }

  #stateOf(
    table: GlobalTable,
    options: {
      looked: readonly (readonly [number, number])[];
      refusals: (table: GlobalTable) => Refusals;
      compileAfterRows: number;
    },
  ): GlobalState {
    const entries = new Entries(1);
    const stores = table.lookups.map((lookup) => new GlobalRights(entries.keys, this.view(lookup.table, lookup.step)));
    const { steps, lookups, keyColumns } = table;
    const views = new Map<number, ViewRows>();
    for (const [index, step] of options.looked) {
      if (index !== table.index || views.has(step)) continue;
      const { keys, members } = entries;
      const rows = steps[step].kind === "member" ? members[0] : keys.attach(new PackedRows());
      views.set(step, { rows, digests: keys.attach(new NumberCells()) });
    }
    const failed = new FailedRows(entries);
    const refusals = options.refusals(table);
    const programOptions = {
      steps,
      lookups,
      stores,
      entries,
      keyColumns,
      outputs: new Set(views.keys()),
      onError: (error: ProcessorError) => {
        failed.fail();
        refusals.row(error);
      },
    };
    const program = compiledProgram(programOptions, { afterRows: options.compileAfterRows });
    return { table, entries, stores, program, failed, refusals, views };
  }

  /** Rows whose last evaluation failed. */
  get failedRows(): number {
    return this.#states.reduce((sum, { failed }) => sum + failed.size, 0);
  }

  /** Rows held, over all global tables. */
  get size(): number {
    return this.#states.reduce((sum, state) => sum + state.entries.size, 0);
  }

  /** What each table takes. */
  bytes(): { readonly table: string; readonly bytes: number }[] {
    return this.#states.map(({ table, entries, stores }) => ({
      table: table.name,
      bytes: stores.reduce((sum, { keys }) => sum + keys.bytes, entries.keys.bytes),
    }));
  }

  listen(listener: GlobalListener): void {
    this.#listeners.add(listener);
  }

  /** The values of a register that is looked up. */
  view(table: number, step: number): GlobalView {
    // A table may look one up that is declared after it.
    let found: ViewRows | null = null;
    const view = () => found ??= this.#states[table].views.get(step)!;
    return {
      find: (key) => {
        const slot = this.#states[table].entries.keys.find(key);
        return slot !== NO_SLOT && view().rows.has(slot) ? slot : NO_SLOT;
      },
      read: (slot) => view().rows.read(slot),
      digest: (slot) => {
        const { rows, digests } = view();
        const known = digests.get(slot);
        if (known !== null) return known;
        const digest = digestOfRow(rows.read(slot));
        digests.set(slot, digest);
        return digest;
      },
    };
  }

  /** The row now held for a key, for the repair of unavailable columns. */
  row(table: number, key: Key): Row | null {
    const { keys, members } = this.#states[table].entries;
    const entry = keys.find(key);
    return entry === NO_SLOT ? null : members[0].read(entry);
  }

  /** A source row changed (null: deleted). Returns the row that it replaces. */
  change(table: number, key: Key, row: Row | null): Row | null {
    const state = this.#states[table];
    const { keys, members } = state.entries;
    let entry = keys.find(key);
    if (entry === NO_SLOT) {
      if (row === null) return null;
      entry = keys.add(key);
    }
    const before = members[0].read(entry);
    if (!members[0].write(entry, row)) return before;
    this.#evaluate(state, entry, { ownChanged: true });
    if (row === null) {
      state.failed.forget(entry);
      keys.remove(entry);
    }
    return before;
  }

  /** `ownChanged`: the entry's own register has another value already. */
  #evaluate(state: GlobalState, entry: Slot, { ownChanged } = { ownChanged: false }): void {
    const key = state.entries.keys.keyOf(entry);
    state.failed.begin(entry);
    state.refusals.begin();
    const registers = state.program.run(entry);
    state.refusals.evaluated(key);
    state.failed.end(entry);
    const changed: number[] = [];
    const own = state.entries.members[0];
    for (const [step, { rows, digests }] of state.views) {
      // Nothing of a global table is ever unknown.
      if (rows === own ? !ownChanged : !rows.write(entry, registers[step] as Row | null)) continue;
      digests.set(entry, null);
      changed.push(step);
    }
    for (const step of changed) this.#tell(state.table.index, step, key);
  }

  #tell(table: number, step: number, key: Key): void {
    for (const state of this.#states) {
      state.table.lookups.forEach((lookup, index) => {
        if (lookup.table !== table || lookup.step !== step) return;
        const { links } = state.stores[index];
        const right = state.stores[index].changed(key);
        if (right === NO_SLOT) return;
        if (links.users(right) > USERS_AT_ONCE) this.#walkLater({ state, links, right });
        else links.forEachUser(right, (user) => this.#evaluate(state, user));
      });
    }
    for (const listener of this.#listeners) listener(table, step, key);
  }

  #walkLater({ state, links, right }: Omit<FanOut, "users">): void {
    const known = this.#fanOuts.find((fanOut) => fanOut.links === links && fanOut.right === right);
    if (known === undefined) this.#fanOuts.push({ state, links, right, users: links.walk(right) });
    else known.users.restart();
  }

  /** Evaluates at most so many rows that use a row which changed; true if more wait. */
  work(rows: number): boolean {
    for (let left = rows; left > 0; left--) {
      const fanOut = this.#fanOuts[0];
      if (fanOut === undefined) return false;
      const user = fanOut.users.next();
      if (user === NO_SLOT) this.#fanOuts.shift();
      else this.#evaluate(fanOut.state, user);
    }
    return this.#fanOuts.length > 0;
  }
}
