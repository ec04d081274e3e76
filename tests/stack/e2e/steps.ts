/** Milliseconds that one step may take unless it says otherwise. */
const STEP_MS_MAX = 60_000;

/** How long a step that is late may take to say what it was waiting for. */
const LAST_WORDS_MS = 1_000;

/** One thing that must be so. A step's result is a line of figures, or nothing. */
export type Work = (signal: AbortSignal) => Promise<string | void>;

/** A step that has ended. */
export interface DoneStep {
  readonly name: string;
  readonly ms: number;
  readonly ok: boolean;
  /** What it measured; may be empty. */
  readonly figures: string;
}

/** The steps of a run: numbered, timed, bounded, counted. The first that fails ends the run. */
export class Steps {
  passed = 0;
  failed = 0;
  /** In their order. */
  readonly done: DoneStep[] = [];
  readonly #startedMs = performance.now();
  readonly #interrupted: AbortSignal;

  constructor(interrupted: AbortSignal) {
    this.#interrupted = interrupted;
  }

  /** Prints a line with the time since the start of the run. */
  say(line: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    console.log(`${seconds.padStart(6)} s  ${line}`);
  }

  /** Tells a failure outside of the steps. */
  fail(what: unknown): void {
    this.failed++;
    this.say(`FAIL  ${what instanceof Error ? what.stack : what}`);
  }

  /** `N passed, N failed`; the status of a process that ends with it. */
  close(): number {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 ? 0 : 1;
  }

  /**
   * Does one step. Its signal is aborted at the deadline, or when the run is interrupted.
   * @throws Error when the work throws or takes longer than `withinMs`
   */
  async step(name: string, work: Work, { withinMs = STEP_MS_MAX }: { withinMs?: number } = {}): Promise<void> {
    const startedMs = performance.now();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`it took longer than ${withinMs / 1000} s`)), withinMs);
    const signal = AbortSignal.any([late.signal, this.#interrupted]);
    try {
      const figures = await Promise.race([work(signal), abortedAWhileAgo(signal)]);
      this.done.push({ name, ms: performance.now() - startedMs, ok: true, figures: figures ?? "" });
      const took = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
      this.passed++;
      this.say(`  ok  ${name} (${figures ? `${figures}; ` : ""}${took})`);
    } catch (error) {
      this.failed++;
      this.done.push({ name, ms: performance.now() - startedMs, ok: false, figures: "" });
      this.say(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rejects with the signal's reason when nobody else has told a better one for a while. */
async function abortedAWhileAgo(signal: AbortSignal): Promise<never> {
  const reason = await aborted(signal).catch((error) => error);
  await sleep(LAST_WORDS_MS);
  throw reason;
}

/** Aborted by Ctrl-C, by SIGTERM, or after `withinMs`: whatever hangs, a run ends. */
export function interruption(withinMs: number): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => interrupt.abort(new Error(`interrupted by ${name}`)));
  }
  setTimeout(() => interrupt.abort(new Error(`the run took longer than ${withinMs / 60_000} minutes`)), withinMs);
  return interrupt.signal;
}

/** An option of a run. @throws RangeError */
export function wholeNumber(name: string, text: string, { most }: { readonly most: number }): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`Cannot use "--${name}" as a whole number from 1 to ${most}: current value is "${text}"`);
}

/** Rejects with the signal's reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Polling {
  readonly signal: AbortSignal;
  readonly everyMs?: number;
  /**
   * Says what there is instead of what was waited for. A step that is late waits for it only `LAST_WORDS_MS`; it cannot
   * use the signal, which may be aborted by then.
   */
  readonly lastWords?: () => string | Promise<string>;
}

/**
 * Polls until `probe` gives something else than null or false, and resolves with it.
 * @throws the signal's reason when aborted, or what `probe` throws; with `lastWords`, an Error that has these behind
 * the message of the former, its cause
 */
export async function until<T>(
  probe: () => Promise<T | null | false> | T | null | false,
  { signal, everyMs = 50, lastWords }: Polling,
): Promise<T> {
  try {
    for (;;) {
      signal.throwIfAborted();
      const found = await probe();
      if (found !== null && found !== false) return found;
      await sleep(everyMs);
    }
  } catch (error) {
    if (lastWords === undefined) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}: ${await lastWords()}`, { cause: error });
  }
}
