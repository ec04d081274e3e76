import type { Step } from "../../plan/physical.ts";
import { inputsOf } from "../../processor/program.ts";
import type { Outcome } from "./explanation.ts";
import type { StepTrace } from "./part_answers.ts";

/** Where a row stopped. */
export interface Stop {
  readonly outcome: Extract<
    Outcome,
    "filtered" | "expired" | "no partner" | "null key" | "waiting" | "dead letter" | "unknown"
  >;
  /** Register of the operator. */
  readonly at: number;
}

/** The operator because of which a register holds no row; null if it holds one. */
export function stopOf(steps: readonly StepTrace[], register: number): Stop | null {
  const { row, outcome, inputs, op } = steps[register];
  if (row !== null) return null;
  switch (outcome) {
    case "no row":
      return { outcome: "unknown", at: register };
    case "filtered":
    case "expired":
    case "no partner":
    case "null key":
    case "waiting":
    case "dead letter":
      return { outcome, at: register };
  }
  const waiting = inputs.find((input) => steps[input].unknown);
  if (waiting !== undefined) return stopOf(steps, waiting);
  const stops = inputs.map((input) => stopOf(steps, input)).filter((stop) => stop !== null);
  // Of a union or an outer join the side that has anything tells more. Of other joins the left side decides.
  const known = op === "union" || op === "outerJoin" ? stops.find((one) => one.outcome !== "unknown") : undefined;
  return known ?? stops[0] ?? { outcome: "unknown", at: register };
}

/** The registers that a register is made of, itself included, in the order of the program. */
export function pathTo(steps: readonly Pick<StepTrace, "inputs">[], register: number): number[] {
  const reached = new Set([register]);
  for (let at = register; at >= 0; at--) if (reached.has(at)) steps[at].inputs.forEach((input) => reached.add(input));
  return [...reached].sort((a, b) => a - b);
}

/** The members whose rows these registers are made of, by index. */
export function membersIn(steps: readonly Step[], registers: readonly number[]): number[] {
  const read = steps.map((step) => ({ inputs: inputsOf(step) }));
  const path = registers.flatMap((register) => pathTo(read, register));
  return [
    ...new Set(path.flatMap((at) => {
      const step = steps[at];
      return step.kind === "member" ? [step.member] : [];
    })),
  ].sort((a, b) => a - b);
}
