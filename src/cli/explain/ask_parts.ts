import type { AskOthers } from "../../runtime/explain/asked_parts.ts";
import type { PartAnswer, PartQuestion } from "../../runtime/explain/part_answers.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import { askOthers, type Unanswered } from "../instances/ask_others.ts";
import { plainValue } from "../store/store_values.ts";
import { EXPLAIN_PATH } from "./explain_path.ts";

/** Whom to ask, and how. */
interface Others {
  readonly topology: string;
  readonly addresses: readonly string[];
  readonly password: string | null;
}

/**
 * For one explanation, which asks several questions: asks all other instances at once what they have of an answer. One
 * that has told nothing is not asked again: its time limit is waited for once, and not for each partner of a row.
 */
export function askParts({ topology, addresses, password }: Others): AskOthers {
  const path = `${EXPLAIN_PATH}/${encodeURIComponent(topology)}`;
  const silent = new Map<string, Unanswered>();
  return async (question) => {
    const asked = await askOthers(addresses.filter((instance) => !silent.has(instance)), {
      ...{ path, parameters: { part: encodeWire(question) }, password },
      read: (text) => decodeWire(text) as PartAnswer,
    });
    for (const one of asked) if ("problem" in one) silent.set(one.instance, one);
    return { answers: asked.flatMap((one) => "answer" in one ? [one.answer] : []), unanswered: [...silent.values()] };
  };
}

const KINDS: readonly PartQuestion["kind"][] = ["row", "group", "flow", "stage", "held"];

/** A question that another instance asks. @throws SyntaxError for what is none */
export function partQuestion(text: string): PartQuestion {
  const question = decodeWire(text) as PartQuestion;
  if (KINDS.includes(question?.kind)) return question;
  throw new SyntaxError("Cannot read the question of another instance: it runs another version");
}

/** An answer as another instance reads it. */
export function partAnswerText(answer: PartAnswer): string {
  return encodeWire(plainValue(answer));
}
