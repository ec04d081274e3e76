/**
 * `deno task` passes on the Ctrl-C that the terminal sends to the program itself, too: it comes twice, within
 * milliseconds or once the event loop is free. Nobody presses it again as fast and means to end at once.
 */
export const ECHO_MS = 300;

/** Which Ctrl-C a signal is: the first one, its echo, or another one that a person has pressed. */
export type Press = "first" | "echo" | "again";

/** Tells Ctrl-C pressed once from Ctrl-C pressed again. `nowMs`: a clock that only grows. */
export function createPresses(nowMs: () => number): () => Press {
  let firstMs: number | null = null;
  return () => {
    if (firstMs !== null) return nowMs() - firstMs < ECHO_MS ? "echo" : "again";
    firstMs = nowMs();
    return "first";
  };
}
