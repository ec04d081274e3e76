import type { Step } from "../plan/physical.ts";
import { UNKNOWN, type Value } from "../record/row.ts";
import type { RightStore } from "../state/right_store.ts";
import { NO_SLOT, type Slot } from "../state/slots.ts";
import { FAILED, LEFT_OUT, NULL_KEY, OUT, WAITING } from "./outcomes.ts";

/** A step that was just evaluated for an entry. */
export interface EvaluatedStep {
  readonly registers: readonly Value[];
  readonly entry: Slot;
  /** Its callback threw, or it has two rows of one key. */
  readonly failed: boolean;
  /** Of the program's lookups. */
  readonly stores: readonly RightStore[];
}

/** What became of the row at this step, by its value and its inputs. `index`: its register. */
export function outcomeOf(step: Step, index: number, { registers, entry, failed, stores }: EvaluatedStep): number {
  if (failed) return FAILED;
  const value = registers[index];
  switch (step.kind) {
    case "member":
      return isRow(value) ? OUT : 0;
    case "filter":
    case "map":
    case "expire":
      return isRow(value) ? OUT : isRow(registers[step.input]) ? LEFT_OUT : 0;
    case "lookup": {
      if (!isRow(registers[step.input])) return 0;
      const store = stores[step.lookup];
      const right = store.links.of(entry);
      if (right === NO_SLOT) return NULL_KEY;
      return value === UNKNOWN ? WAITING : store.value(right) === null ? LEFT_OUT : OUT;
    }
    case "pair":
    case "union":
      return outcomeOfTwo(step, registers);
  }
}

/** Of a join on the same key, the left row counts; of an outer join and of a union, either. */
function outcomeOfTwo(
  step: Extract<Step, { readonly kind: "pair" | "union" }>,
  { [step.left]: left, [step.right]: right }: readonly Value[],
): number {
  const either = step.kind === "union" || step.mode === "outer";
  if (!isRow(left) && !(either && isRow(right))) return 0;
  if (left === UNKNOWN || right === UNKNOWN) return WAITING;
  return step.kind === "union" || (left !== null && right !== null) ? OUT : LEFT_OUT;
}

function isRow(value: Value): boolean {
  return value !== null && value !== UNKNOWN;
}
