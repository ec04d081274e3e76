import { RequestError } from "./answer.ts";

/** Runs what is asked, unless as much as may be is under way. @throws RequestError 503 then */
export type Limited = <T>(ask: () => Promise<T>) => Promise<T>;

/** `what`: such as `queries`. */
export function limited(most: number, what: string): Limited {
  let running = 0;
  return async (ask) => {
    if (running >= most) throw new RequestError(503, `Cannot answer more than ${most} ${what} at once: try again`);
    running++;
    try {
      return await ask();
    } finally {
      running--;
    }
  };
}

/** Questions that are answered at a time, and as many of other instances: each may look at all rows of a store. */
const QUESTIONS_MAX = 8;

/**
 * A limit for people and one for instances: counted apart, so that two instances that ask each other do not wait for
 * themselves.
 */
export function limitedQuestions(): { readonly people: Limited; readonly instances: Limited } {
  return {
    people: limited(QUESTIONS_MAX, "questions"),
    instances: limited(QUESTIONS_MAX, "questions of other instances"),
  };
}
