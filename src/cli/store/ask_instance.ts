import { passwordHeaders } from "../bearer.ts";

/** An instance that does not answer within so long counts as one that has nothing to say. */
const ANSWER_MS = 10_000;

/** What an instance is asked. */
export interface Question {
  /** `/store/<topology>`, or `/store/<topology>/<store>`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly password: string | null;
  /** How long is waited; 10,000 if absent. */
  readonly answerMs?: number;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Asks the instance at an address such as `http://weir-1:8686`. @throws Error when it does not answer */
export async function askInstance(
  address: string,
  { path, parameters, password, answerMs = ANSWER_MS }: Question,
): Promise<Reply> {
  const url = new URL(path, address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const response = await fetch(url, {
    headers: passwordHeaders(password),
    redirect: "error",
    signal: AbortSignal.timeout(answerMs),
  });
  return { status: response.status, text: await response.text() };
}

/** Where a store, or the list of them, is asked for. */
export function storePath(topology: string, store?: string): string {
  return ["/store", topology, ...store === undefined ? [] : [store]].map((part, index) =>
    index === 0 ? part : encodeURIComponent(part)
  ).join("/");
}
