import type { Explanation, Outcome } from "../../runtime/explain/explanation.ts";
import type { ListedTarget } from "../../runtime/explain/targets.ts";
import { exactJson } from "../store/store_values.ts";

export type { ExplainedPartner, Explanation, Outcome, TotalProof } from "../../runtime/explain/explanation.ts";

/** A topology and what of it can be asked about. */
export interface ListedTopology {
  readonly name: string;
  readonly state: string;
  /** Empty while it is not prepared. */
  readonly tables: readonly ListedTarget[];
}

/** For programs: integers beyond 2^53 and decimals are texts. */
export function explanationJson(explanation: Explanation, indent?: number): string {
  return exactJson(explanation, indent);
}

/** Outcomes that say that nobody knows yet. */
const OPEN: readonly Outcome[] = ["undecided", "waiting"];

/** Whether it is known what became of the key. */
export function isDecided({ outcome }: Explanation): boolean {
  return !OPEN.includes(outcome);
}
