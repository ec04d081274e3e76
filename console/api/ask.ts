import { authorization } from "./password.ts";
import { AskProblem, problemOf, unreachable } from "./problem.ts";

/** How long an answer may take. */
const ANSWER_MS_MAX = 90_000;

export interface AskOptions {
  /** Sent as JSON by POST, a text as the JSON that it is; without it GET. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Asks the instance that served this page. @throws AskProblem, also when it does not answer */
export async function ask<T>(path: string, { body, signal }: AskOptions = {}): Promise<T> {
  const deadline = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...authorization(), ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      cache: "no-store",
    });
  } catch (error) {
    throw unreachable(error);
  }
  if (!response.ok) throw await problemOf(response, path);
  try {
    return await response.json() as T;
  } catch (error) {
    throw unreachable(error);
  }
}

/** The same as a sentence, for whoever shows it. */
export function sentenceOf(error: unknown): string {
  return error instanceof AskProblem ? error.message : `This page has a fault of its own: ${String(error)}`;
}
