import { decodeWire, encodeWire } from "../../record/wire.ts";
import { type MergedAnswer, verdictOf } from "../../runtime/stores/merge_answers.ts";
import type { Unanswered } from "../instances/ask_others.ts";
import { exactJson, plainValue } from "./store_values.ts";

/** What the instances of a topology say of a store. */
export interface GatheredAnswer {
  readonly topology: string;
  readonly answer: MergedAnswer;
  readonly unanswered: readonly Unanswered[];
}

/** As instances tell each other. */
export function wireOf(gathered: GatheredAnswer): string {
  return encodeWire(plainValue(gathered));
}

/** What {@link wireOf} gave. */
export function gatheredOf(text: string): GatheredAnswer {
  return decodeWire(text) as GatheredAnswer;
}

/** For people and programs. */
export function jsonOf({ topology, answer, unanswered }: GatheredAnswer, indent?: number): string {
  const { store, kind, columns, rows, next, cut, parts, missing, beyondUs } = answer;
  return exactJson({
    ...{ topology, store, kind, key: columns, answer: verdictOf(answer), rows },
    more: next !== null || cut === true,
    next: next === null ? null : exactJson(next),
    partitions: parts,
    ...{ missing, unanswered },
    ...beyondUs === undefined ? {} : { beyondUs },
  }, indent);
}

/** Status of an answer: 421 if other instances have what was asked for. */
export function statusOf({ answer }: GatheredAnswer): number {
  return verdictOf(answer) === "undecided" && answer.missing.length > 0 ? 421 : 200;
}
