import type { DeadLetter } from "../../ports/dead_letters.ts";
import type { RunEvent } from "../run_event.ts";

/** At most one line for each stage and reason in this time. */
const LINE_EVERY_MS = 60_000;

interface Heard {
  readonly toldMs: number;
  /** Since then. */
  letters: number;
  last: DeadLetter;
}

/**
 * Makes dead letters heard: the first of a stage and reason at once, then at most once a minute how many more came
 * since, with the last of them as the example.
 */
export class LetterLog {
  readonly #onEvent: (event: RunEvent) => void;
  readonly #heard = new Map<string, Heard>();

  constructor(onEvent: (event: RunEvent) => void) {
    this.#onEvent = onEvent;
  }

  hear(letter: DeadLetter): void {
    const id = `${letter.stage} ${letter.reason}`;
    const heard = this.#heard.get(id);
    if (heard !== undefined) {
      heard.letters++;
      heard.last = letter;
      return;
    }
    this.#heard.set(id, { toldMs: letter.timestampMs, letters: 0, last: letter });
    this.#onEvent({ kind: "letters", letters: 1, example: letter, more: false });
  }

  /** Tells what is due; to be called about once a second. */
  tick(nowMs: number): void {
    for (const [id, { toldMs, letters, last }] of this.#heard) {
      if (nowMs - toldMs < LINE_EVERY_MS) continue;
      if (letters === 0) this.#heard.delete(id);
      else this.#tell(id, { letters, last, nowMs });
    }
  }

  /** Tells all that was not told yet. */
  flush(nowMs: number): void {
    for (const [id, { letters, last }] of this.#heard) if (letters > 0) this.#tell(id, { letters, last, nowMs });
  }

  #tell(id: string, { letters, last, nowMs }: { letters: number; last: DeadLetter; nowMs: number }): void {
    this.#heard.set(id, { toldMs: nowMs, letters: 0, last });
    this.#onEvent({ kind: "letters", letters, example: last, more: true });
  }
}
