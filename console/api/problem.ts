import { passwordAsked } from "./password.ts";

/**
 * Why there is no answer. `missing`: this instance has no such endpoint, so what it would show cannot be shown;
 * `unknown`: it has, and knows nothing of this name; `unreachable`: nobody answered.
 */
export type ProblemKind = "unreachable" | "missing" | "unknown" | "password" | "forbidden" | "busy" | "refused";

/** An answer that is none, in a sentence for people. */
export class AskProblem extends Error {
  override readonly name = "AskProblem";
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}

/** The instance did not answer at all. */
export function unreachable(cause: unknown): AskProblem {
  const why = cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : "";
  return new AskProblem("unreachable", `The instance does not answer${why}. This page tries again by itself.`);
}

/** What an answer with a status that is not 2xx means. Asks for the password if that is what is missing. */
export async function problemOf(response: Response, path: string): Promise<AskProblem> {
  const text = await response.text().catch(() => "");
  const sentence = sentenceOf(text);
  switch (response.status) {
    case 401:
      passwordAsked.value = true;
      return new AskProblem("password", sentence ?? "The instance asks for its password.");
    case 403:
      return new AskProblem("forbidden", sentence ?? "The instance does not allow this from here.");
    case 404:
      return sentence === null || /^Not found: there are/.test(sentence)
        ? missing(path)
        : new AskProblem("unknown", sentence);
    case 503:
      return new AskProblem("busy", sentence ?? "The instance cannot answer yet. Try again in a moment.");
    default:
      return new AskProblem("refused", sentence ?? `The instance answered with status ${response.status}.`);
  }
}

/** The sentence of `{ "error": "..." }`; null if the answer is something else, as that of a path that is not there. */
function sentenceOf(text: string): string | null {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}

function missing(path: string): AskProblem {
  const [name] = path.split("?");
  const endpoint = name.split("/").slice(0, 3).join("/");
  return new AskProblem(
    "missing",
    `This instance has no ${endpoint}, which this part of the page needs. Nothing is wrong with your data: ` +
      "run a version of Weir that has it.",
  );
}
