import type { Step } from "../plan/physical.ts";
import type { ProcessorError } from "../record/errors.ts";
import type { Key } from "../record/key.ts";
import { type Row, UNKNOWN, type Value } from "../record/row.ts";
import type { SlotTable } from "../state/slot_table.ts";
import type { Slot } from "../state/slots.ts";
import type { Ages } from "./expire.ts";
import { type KeyColumns, keyValueOf } from "./key_value.ts";
import { inputsOf, operatorOf, type OperatorOptions } from "./program.ts";

/** What a program is traced with: all of it is read, and none of it changed. */
export interface TraceOptions extends Pick<OperatorOptions, "steps" | "lookups"> {
  readonly entries: {
    readonly keys: SlotTable;
    readonly members: readonly { read(entry: Slot): Row | null }[];
  };
  readonly keyColumns: KeyColumns;
  /** Needed where rows expire. */
  readonly ages?: Ages;
  /** What is known of the right row of a key, by lookup. */
  readonly peek: (lookup: number, key: Key) => Value;
}

/**
 * What one operator made of its inputs:
 *
 * - `found`, `no row`: a member;
 * - `passed`, `filtered`, `mapped`, `expired`: what their names say;
 * - `matched`, `no partner`, `null key`: a join, also a left join, which goes on without a partner;
 * - `dead letter`: a callback threw, or both sides of a union have a row;
 * - `waiting`: a partner is not known yet; `not reached`: its input is absent or waits.
 */
export type StepOutcome =
  | ("found" | "no row" | "passed" | "filtered" | "mapped" | "expired")
  | ("matched" | "no partner" | "null key" | "dead letter" | "waiting" | "not reached");

/** One operator of a traced program. */
export interface TracedStep {
  readonly step: Step;
  readonly value: Value;
  readonly outcome: StepOutcome;
  /** Of a lookup: the key that was looked up and what is known of it; null if none was. */
  readonly lookedUp: { readonly key: Key; readonly value: Value } | null;
  readonly error: ProcessorError | null;
}

/**
 * Runs an entry's program step by step, and tells what each made of it. These are the operators of the program itself,
 * so that what is told is what is computed; state is only looked at, nobody is asked for a right row, and nothing is
 * written. What it costs is paid by who asks.
 */
export function traceProgram(options: TraceOptions, entry: Slot): TracedStep[] {
  let seen = nothing();
  const stores = options.lookups.map((_, lookup) => ({
    use(_left: Slot, key: Key): Value {
      const value = options.peek(lookup, key);
      seen.lookedUp = { key, value };
      return value;
    },
    release() {},
  }));
  const context = {
    keys: options.entries.keys,
    keyValue: keyValueOf(options.keyColumns),
    onError: (thrown: ProcessorError) => void (seen.error = thrown),
  };
  // Every register is told, so no join may extend the row of another.
  const outputs = new Set(options.steps.keys());
  const registers: Value[] = [];
  return options.steps.map((step) => {
    seen = nothing();
    const value = operatorOf(step, { ...options, ...context, stores, outputs })(registers, entry);
    const { lookedUp, error } = seen;
    const outcome = error !== null ? "dead letter" : outcomeOf(step, { value, registers, lookedUp });
    registers.push(value);
    return { step, value, outcome, lookedUp, error };
  });
}

/** What an operator has looked up, and what it threw. */
interface Seen {
  lookedUp: TracedStep["lookedUp"];
  error: ProcessorError | null;
}

function nothing(): Seen {
  return { lookedUp: null, error: null };
}

function outcomeOf(
  step: Step,
  { value, registers, lookedUp }: {
    readonly value: Value;
    readonly registers: readonly Value[];
    readonly lookedUp: TracedStep["lookedUp"];
  },
): StepOutcome {
  const inputs = inputsOf(step).map((register) => registers[register]);
  switch (step.kind) {
    case "member":
      return value === null ? "no row" : "found";
    case "filter":
    case "expire":
    case "map": {
      const [input] = inputs;
      if (input === null || input === UNKNOWN) return "not reached";
      if (step.kind === "map") return "mapped";
      return value !== null ? "passed" : step.kind === "filter" ? "filtered" : "expired";
    }
    case "lookup":
      if (inputs[0] === null || inputs[0] === UNKNOWN) return "not reached";
      if (lookedUp === null) return "null key";
      return lookedUp.value === UNKNOWN ? "waiting" : lookedUp.value === null ? "no partner" : "matched";
    case "pair": {
      if (inputs.includes(UNKNOWN)) return "not reached";
      const [left, right] = inputs;
      if (left !== null && right !== null) return "matched";
      return left === null && (right === null || step.mode !== "outer") ? "not reached" : "no partner";
    }
    case "union":
      return value === null || value === UNKNOWN ? "not reached" : "passed";
  }
}
