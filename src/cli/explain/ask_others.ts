import type { AskOthers } from "../../runtime/explain/asked_parts.ts";
import type { PartAnswer, PartQuestion } from "../../runtime/explain/part_answers.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import { askInstance } from "../store/ask_instance.ts";
import { plainValue } from "../store/store_values.ts";

/** Where explanations are asked for. */
export const EXPLAIN_PATH = "/api/explain";

/** Whom to ask, and how. */
export interface Others {
  readonly topology: string;
  readonly addresses: readonly string[];
  readonly password: string | null;
}

/** Asks all other instances at once what they have of an answer. */
export function othersOf({ topology, addresses, password }: Others): AskOthers {
  return async (question) => {
    const path = `${EXPLAIN_PATH}/${encodeURIComponent(topology)}`;
    const parameters = { part: encodeWire(question) };
    const asked = await Promise.all(addresses.map(async (instance) => {
      try {
        const { status, text } = await askInstance(`http://${instance}`, { path, parameters, password });
        if (status === 200) return decodeWire(text) as PartAnswer;
        return { instance, problem: `status ${status}: ${text.trim()}` };
      } catch (error) {
        return { instance, problem: (error as Error).message };
      }
    }));
    return {
      answers: asked.flatMap((one) => "kind" in one ? [one] : []),
      unanswered: asked.flatMap((one) => "problem" in one ? [one] : []),
    };
  };
}

/** A question that another instance asks. @throws SyntaxError for what is none */
export function partQuestion(text: string): PartQuestion {
  const question = decodeWire(text) as PartQuestion;
  if (question?.kind === "row" || question?.kind === "group") return question;
  throw new SyntaxError("Cannot read the question of another instance: it runs another version");
}

/** An answer as another instance reads it. */
export function partAnswerText(answer: PartAnswer): string {
  return encodeWire(plainValue(answer));
}
