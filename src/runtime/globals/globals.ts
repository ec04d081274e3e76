import type { GlobalTable, LookupPlan } from "../../plan/physical.ts";
import type { Position } from "../../ports/log.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Links, Walk } from "../../state/links.ts";
import type { Refusals } from "../../state/refusals.ts";
import type { GlobalView } from "../../state/right_store.ts";
import type { SharedRows } from "../../state/shared_rows.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import { GlobalState } from "./global_state.ts";

/** A row that at most so many rows of other global tables use has them evaluated at once. */
const USERS_AT_ONCE = 16;

/** Told when a register of a global table has another value for a key. */
export type GlobalListener = (table: number, step: number, key: Key) => void;

/** What {@link Globals} is made of. */
interface GlobalsOptions {
  readonly tables: readonly GlobalTable[];
  /** The registers that anybody looks up, as [table, step]. */
  readonly looked: readonly (readonly [number, number])[];
  /** What of a table could not be processed. */
  readonly refusals: (table: GlobalTable) => Refusals;
  /** Of the run options. */
  readonly compileAfterRows: number;
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
  readonly #options: GlobalsOptions;
  /** By table; none before {@link join}. */
  #states: readonly GlobalState[] = [];
  /** Those with rows that were there when the topology joined and are not evaluated yet: what others look up first. */
  #joining: GlobalState[] = [];
  readonly #listeners = new Set<GlobalListener>();
  #fanOuts: FanOut[] = [];
  /** Of {@link find}, by table and step. */
  readonly #views = new Map<string, GlobalView>();
  /** Where the record lies whose change is being made; null while none is. */
  reading: Position | null = null;

  constructor(options: GlobalsOptions) {
    this.#options = options;
  }

  /** The rows of each table, whoever else uses them. Those that are there are evaluated by {@link evaluateJoined}. */
  join(shared: readonly SharedRows[]): void {
    const { tables, looked, refusals, compileAfterRows } = this.#options;
    const view = (table: number, step: number) => this.view(table, step);
    const states = tables.map((table, index) =>
      new GlobalState(table, { rows: shared[index], looked, view, refusals, compileAfterRows })
    );
    this.#states = states;
    this.#joining = rightSidesFirst(states).filter(({ unevaluated }) => unevaluated > 0);
  }

  /** The rows are used no more. */
  leave(): void {
    for (const state of this.#states) state.close();
  }

  /** Rows whose last evaluation failed. */
  get failedRows(): number {
    return this.#states.reduce((sum, { failedRows }) => sum + failedRows, 0);
  }

  /** Rows held, over all global tables. */
  get size(): number {
    return this.#states.reduce((sum, { rows }) => sum + rows.keys.size, 0);
  }

  /** By table: what its rows take, which may be shared, and what this topology keeps for itself. */
  bytes(): { readonly table: string; readonly rows: number; readonly own: number }[] {
    return this.#states.map(({ table, rows, ownBytes }) => ({ table: table.name, rows: rows.bytes, own: ownBytes }));
  }

  /** What is made of a table; undefined before {@link join}. */
  stateOf(table: number): GlobalState | undefined {
    return this.#states[table];
  }

  /** The rows of a table; undefined before {@link join}. */
  rowsOf(table: number): SharedRows | undefined {
    return this.#states[table]?.rows;
  }

  listen(listener: GlobalListener): void {
    this.#listeners.add(listener);
  }

  /** The value that a register which is looked up has for a key; null if it has none. */
  find({ table, step }: Pick<LookupPlan, "table" | "step">, key: Key): Row | null {
    const { find, read } = this.#views.getOrInsertComputed(`${table} ${step}`, () => this.view(table, step));
    const slot = find(key);
    return slot === NO_SLOT ? null : read(slot);
  }

  /** The values of a register that is looked up. */
  view(table: number, step: number): GlobalView {
    // A table may look one up that is declared after it.
    const register = () => this.#states[table].register(step);
    return {
      find: (key) => {
        const slot = this.#states[table].rows.keys.find(key);
        return slot !== NO_SLOT && register().has(slot) ? slot : NO_SLOT;
      },
      read: (slot) => register().read(slot),
      digest: (slot) => register().digest(slot),
    };
  }

  /** The row in a slot of a table is another one, or gone: the slot is given back after the call. */
  changed(table: number, slot: Slot): void {
    const state = this.#states[table];
    this.#tell(state, slot, state.rowChanged(slot));
  }

  #evaluate(state: GlobalState, slot: Slot): void {
    this.#tell(state, slot, state.evaluate(slot));
  }

  #tell(changed: GlobalState, slot: Slot, steps: readonly number[]): void {
    if (steps.length === 0) return;
    const { index } = changed.table;
    const key = changed.rows.keys.keyOf(slot);
    for (const step of steps) {
      for (const state of this.#states) this.#tellTable(state, { table: index, step, key });
      for (const listener of this.#listeners) listener(index, step, key);
    }
  }

  #tellTable(state: GlobalState, { table, step, key }: { table: number; step: number; key: Key }): void {
    state.table.lookups.forEach((lookup, index) => {
      if (lookup.table !== table || lookup.step !== step) return;
      const { links } = state.stores[index];
      const right = state.stores[index].changed(key);
      if (right === NO_SLOT) return;
      if (links.users(right) > USERS_AT_ONCE) this.#walkLater({ state, links, right });
      else links.forEachUser(right, (user) => this.#evaluate(state, user));
    });
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

  /** Rows that were there when the topology joined and are not evaluated yet; free places may count. */
  get unevaluated(): number {
    return this.#joining.reduce((sum, { unevaluated }) => sum + unevaluated, 0);
  }

  /** Evaluates at most so many of them; true if more wait. */
  evaluateJoined(rows: number): boolean {
    for (let left = rows; left > 0; left--) {
      const state = this.#joining[0];
      if (state === undefined) return this.work(left);
      if (state.unevaluated === 0) {
        this.#joining.shift();
        continue;
      }
      const { slot, changed } = state.evaluateNext();
      this.#tell(state, slot, changed);
    }
    return true;
  }
}

/** A table behind all that it looks up: its rows are evaluated once then, not again for each partner that comes. */
function rightSidesFirst(states: readonly GlobalState[]): GlobalState[] {
  const order = new Set<GlobalState>();
  const visited = new Set<GlobalState>();
  const visit = (state: GlobalState): void => {
    if (visited.has(state)) return;
    visited.add(state);
    for (const lookup of state.table.lookups) visit(states[lookup.table]);
    order.add(state);
  };
  for (const state of states) visit(state);
  return [...order];
}
