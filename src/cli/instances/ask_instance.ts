import { passwordHeaders } from "../bearer.ts";
import { chunksOf } from "./chunks_of.ts";

/** An instance that does not answer within so long counts as one that has nothing to say. */
const ANSWER_MS = 10_000;
/** Bytes of an answer: rows of a store may be large, and nobody holds more than that of one instance. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** What an instance is asked. */
export interface Question {
  /** Such as `/store/<topology>`, or `/api/state`. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly password: string | null;
  /** What is posted; absent: nothing, as of a question that changes nothing. */
  readonly body?: string;
  /** How long is waited for the whole answer; 10,000 if absent. */
  readonly answerMs?: number;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** An instance that has given no answer, and why, in words that need no more. */
class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * Asks the instance at an address such as `http://weir-1:8686`.
 * @throws UnreachableError when it does not answer in time, or more than anybody can hold
 */
export async function askInstance(address: string, question: Question): Promise<Reply> {
  const { path, parameters = {}, password, body, answerMs = ANSWER_MS } = question;
  const url = new URL(path, address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const late = AbortSignal.timeout(answerMs);
  try {
    const response = await fetch(url, {
      ...body === undefined ? {} : { method: "POST", body },
      headers: passwordHeaders(password),
      redirect: "error",
      signal: late,
    });
    return { status: response.status, text: await textOf(response, late) };
  } catch (error) {
    if (error instanceof UnreachableError) throw error;
    throw new UnreachableError(whyUnreachable(error, answerMs), { cause: error });
  }
}

/**
 * Why nothing came, without what was asked: an address has keys of rows in it. `answerMs`: how long was waited.
 */
export function whyUnreachable(error: unknown, answerMs: number): string {
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return `it has not answered within ${answerMs / 1_000} s`;
  const said = cause instanceof Error ? cause.message : message;
  return said.replace(/^error sending request .*?: client error \(\w+\): /, "");
}

async function textOf({ body }: Response, late: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of chunksOf(body, late)) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new UnreachableError(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What an instance says instead of an answer: the sentence of `{ "error": ... }`, or all of a text that is none. */
export function errorIn({ text }: Pick<Reply, "text">): string {
  try {
    return String((JSON.parse(text) as { readonly error: unknown }).error);
  } catch {
    return text.trim();
  }
}
