import { keyValueOf } from "../../processor/key_value.ts";
import { eventCountsOf, type RecordPlace } from "../../processor/event_counts.ts";
import { plainProgram, type Program, type ProgramOptions } from "../../processor/program.ts";
import { UNKNOWN, type Value } from "../../record/row.ts";
import type { Slot } from "../../state/slots.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { heldKeyColumns } from "../task/key_columns.ts";
import type { Task } from "../task/task.ts";

/** What is made of a global table. */
type GlobalState = NonNullable<ReturnType<Instance["context"]["globals"]["stateOf"]>>;

/** What passes an operator. It belongs to the topology and must not be kept. */
export interface Passed {
  /** As callbacks see it. */
  readonly key: unknown;
  /** The row, or the value of an event. */
  readonly row: unknown;
  /** Of the record that an event was made of; absent: it is a row of a table. */
  readonly place?: RecordPlace;
}

/** Somebody looks at what passes an operator, as long as this is open. */
export interface Tap {
  /** Whether the next row is given, after which it is false again: whoever looks says how many they want. */
  wanted: boolean;
  readonly give: (passed: Passed) => void;
}

/** Counts of events are those of the process, and so are their taps. */
const EVENT_TAPS = new WeakMap<object, Set<Tap>>();

/** Evaluates an entry once more, for whoever looks. Nothing changes by that, and errors were told the first time. */
interface Look {
  readonly program: Program;
  readonly keyOf: (entry: Slot) => unknown;
}

/** Whose rows are looked at, and in which register. */
interface TappedRegister {
  readonly tap: Tap;
  readonly step: number;
}

/**
 * The taps of one topology on one instance. A task or a global table pays for its taps one look at a field for each
 * evaluation, and one evaluation more for each row that is given; where nobody looks the field is null.
 */
export class Taps {
  readonly #instance: Instance;
  /** By table (`t0`, or `g0` of a global one). */
  readonly #registers = new Map<string, Set<TappedRegister>>();
  readonly #looks = new WeakMap<Task | GlobalState, Look>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /**
   * Opens a tap at a node of the plan (`op3`, `ev5`): what the operator lets go on, and of sinks and groups what comes
   * to them. Returns what closes it; null if there is no such node, or its rows are nowhere.
   */
  open(node: string, tap: Tap): (() => void) | null {
    const [, kind, id] = /^(op|ev)(\d+)$/.exec(node) ?? [];
    if (kind === "ev") return this.#openStream(Number(id), tap);
    const place = kind === undefined ? null : this.#registerOf(Number(id));
    if (place === null) return null;
    const name = `${place.global ? "g" : "t"}${place.table}`;
    const registers = this.#registers.getOrInsertComputed(name, () => new Set());
    const tapped = { tap, step: place.step };
    registers.add(tapped);
    this.tend();
    return () => {
      registers.delete(tapped);
      if (registers.size === 0) this.#registers.delete(name);
      this.tend();
    };
  }

  #openStream(id: number, tap: Tap): (() => void) | null {
    const node = this.#instance.topology.streams[id];
    if (node === undefined) return null;
    const counts = eventCountsOf(node);
    const taps = EVENT_TAPS.getOrInsertComputed(counts, () => new Set());
    taps.add(tap);
    counts.tapped = (value, key, place) => {
      for (const one of taps) {
        if (!one.wanted || value === null) continue;
        one.wanted = false;
        one.give({ key, row: value, place });
      }
    };
    return () => {
      taps.delete(tap);
      if (taps.size === 0) counts.tapped = null;
    };
  }

  /** The register of an operator's rows; of what has none, that of its input. */
  #registerOf(id: number) {
    const { topology: { nodes }, topics: { plan } } = this.#instance;
    const node = nodes[id];
    if (node === undefined) return null;
    const takes = node.op === "sink" || node.op === "aggregate" || node.op === "selectKey" ||
      node.op === "flatMapValues";
    return plan.registers[takes ? node.input : id] ?? null;
  }

  /** Tasks that began since are looked at, too; to be called now and then. */
  tend(): void {
    const { hosts, context: { globals }, topics: { plan } } = this.#instance;
    for (const { task } of hosts.values()) {
      if (task === null) continue;
      const registers = this.#registers.get(`t${task.table.index}`);
      task.tapped = registers === undefined ? null : (entry) => this.#give(entry, { of: task, registers });
    }
    for (const { index } of plan.globals) {
      const state = globals.stateOf(index);
      if (state === undefined) continue;
      const registers = this.#registers.get(`g${index}`);
      state.tapped = registers === undefined ? null : (slot) => this.#give(slot, { of: state, registers });
    }
  }

  #give(
    entry: Slot,
    { of, registers }: { readonly of: Task | GlobalState; readonly registers: ReadonlySet<TappedRegister> },
  ): void {
    let values: readonly Value[] | null = null;
    for (const { tap, step } of registers) {
      if (!tap.wanted) continue;
      const { program, keyOf } = this.#lookOf(of);
      values ??= program.run(entry);
      const value = values[step];
      if (value === null || value === UNKNOWN) continue;
      tap.wanted = false;
      tap.give({ key: keyOf(entry), row: value });
    }
  }

  #lookOf(of: Task | GlobalState): Look {
    return this.#looks.getOrInsertComputed(of, () => "epoch" in of ? this.#lookInto(of) : lookIntoGlobal(of));
  }

  #lookInto(task: Task): Look {
    const { table, entries, stores, expiry } = task;
    const keyColumns = heldKeyColumns(task, { table, context: this.#instance.context });
    return lookOf({
      ...{ steps: table.steps, lookups: table.lookups, stores, entries, keyColumns },
      ...expiry === null ? {} : { ages: expiry },
    });
  }
}

function lookIntoGlobal({ table: { steps, lookups, keyColumns }, stores, entries, rows }: GlobalState): Look {
  if (entries !== null) return lookOf({ steps, lookups, stores, entries, keyColumns });
  // Nothing is made of its rows.
  const keyValue = keyValueOf(keyColumns);
  return {
    program: { run: (slot) => steps.map(() => rows.rows.read(slot)) },
    keyOf: (slot) => keyValue(rows.keys.keyOf(slot)),
  };
}

/** All registers can be read, so that no join extends the row of another one. */
function lookOf(options: Omit<ProgramOptions, "outputs" | "onError">): Look {
  const { steps, entries: { keys }, keyColumns } = options;
  const keyValue = keyValueOf(keyColumns);
  return {
    program: plainProgram({ ...options, outputs: new Set(steps.keys()), onError: () => {} }),
    keyOf: (entry) => keyValue(keys.keyOf(entry)),
  };
}
