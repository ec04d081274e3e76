import type { LookupPlan, Step } from "../plan/physical.ts";
import type { ProcessorError } from "../record/errors.ts";
import type { Row, Value } from "../record/row.ts";
import type { Entries } from "../state/entries.ts";
import type { RightStore } from "../state/right_store.ts";
import type { Slot } from "../state/slots.ts";
import { type Ages, expire } from "./expire.ts";
import { filter } from "./filter.ts";
import { keyJoin } from "./key_join.ts";
import { type KeyColumns, keyValueOf } from "./key_value.ts";
import { lookupJoin, type UsedRights } from "./lookup_join.ts";
import { mapValues } from "./map_values.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import { outcomeOf } from "./outcome_of.ts";
import type { Outcomes } from "./outcomes.ts";
import { union } from "./union.ts";

/** What a program needs to know of the table it runs for. */
export interface ProgramOptions {
  readonly steps: readonly Step[];
  readonly lookups: readonly LookupPlan[];
  readonly stores: readonly RightStore[];
  /** The rows that it runs for. */
  readonly entries: Entries;
  /** Columns of the row key; a function for group columns, which are known when the first row comes. */
  readonly keyColumns: KeyColumns;
  /** Registers that are read after a run. */
  readonly outputs: ReadonlySet<number>;
  /** Time, for rows that expire; what runs without it has none of these. */
  readonly ages?: Ages;
  /** Is told what became of the entry's row at each step; the steps come first there. */
  readonly outcomes?: Outcomes;
  /** A callback threw. The row counts as absent from that operator on. */
  readonly onError: (error: ProcessorError) => void;
}

/** A table's program: one pass over all operators for one entry, under the contract of {@link Operator}. */
export interface Program {
  /**
   * Evaluates the entry. The returned registers are overwritten by the next run. Links to right rows are brought up to
   * date.
   */
  run(entry: Slot): readonly Value[];
}

/** Makes a program: joins, filters and mappings in one go, synchronously. */
export type ProgramMaker = (options: ProgramOptions) => Program;

/** The operators one after the other. All registers can be read after a run. */
export const plainProgram: ProgramMaker = (options) => {
  const { steps, stores, entries, keyColumns, outcomes } = options;
  let failed = false;
  const onError = (error: ProcessorError) => {
    failed = true;
    options.onError(error);
  };
  const context = { keys: entries.keys, keyValue: keyValueOf(keyColumns), onError };
  const operators = steps.map((step) => operatorOf(step, { ...options, ...context }));
  const registers: Value[] = operators.map(() => null);
  return {
    run(entry) {
      outcomes?.words.fill(0);
      for (let index = 0; index < operators.length; index++) {
        failed = false;
        registers[index] = operators[index](registers, entry);
        outcomes?.put(index, outcomeOf(steps[index], index, { registers, entry, failed, stores }));
      }
      return registers;
    },
  };
};

/** What an operator is made with; a program's own state, or whatever stands in for it where nothing may be changed. */
export type OperatorOptions = OperatorContext & Pick<ProgramOptions, "steps" | "lookups" | "outputs" | "ages"> & {
  readonly entries: { readonly members: readonly { read(entry: Slot): Row | null }[] };
  readonly stores: readonly UsedRights[];
};

/** Makes the operator of a step. */
export function operatorOf(step: Step, options: OperatorOptions): Operator {
  const { keys, keyValue, onError } = options;
  const context = { keys, keyValue, onError };
  switch (step.kind) {
    case "member": {
      const rows = options.entries.members[step.member];
      return (_registers, entry) => rows.read(entry);
    }
    case "filter":
      return filter(step, context);
    case "map":
      return mapValues(step, context);
    case "expire":
      return expire(step, { ...context, ages: options.ages! });
    case "pair":
      return keyJoin(step);
    case "union":
      return union(step, context);
    case "lookup":
      return lookupJoin(step, {
        ...context,
        lookup: options.lookups[step.lookup],
        store: options.stores[step.lookup],
        ownsInput: isOwnCopy(step.input, options),
      });
  }
}

/**
 * Whether the row in this register was made by a lookup join, and nobody but one operator reads it: then a lookup join
 * need not copy it again. In a chain of joins only the first copies.
 */
function isOwnCopy(register: number, { steps, outputs }: Pick<ProgramOptions, "steps" | "outputs">): boolean {
  if (steps[register].kind !== "lookup" || outputs.has(register)) return false;
  return steps.flatMap(inputsOf).filter((input) => input === register).length === 1;
}

/** Registers that a step reads. */
export function inputsOf(step: Step): readonly number[] {
  switch (step.kind) {
    case "member":
      return [];
    case "pair":
    case "union":
      return [step.left, step.right];
    default:
      return [step.input];
  }
}
