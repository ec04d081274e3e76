import type { DeadLetter, DeadLetters } from "../src/ports/dead_letters.ts";

/** A store of dead letters that hands them to `put`, and has none open. */
export function lettersTo(put: DeadLetters["put"] = () => Promise.resolve()): DeadLetters {
  const none = () => Promise.resolve([]);
  return { put, resolve: () => Promise.resolve(), open: none, about: none };
}

/** Keeps them in `list`. */
export function lettersInto(list: DeadLetter[]): DeadLetters {
  return lettersTo((letters) => Promise.resolve(void list.push(...letters)));
}

/** For runs that must not have any. */
export const noLetters: DeadLetters = lettersTo((letters) =>
  Promise.reject(new Error(`${letters.length} dead letters`))
);
