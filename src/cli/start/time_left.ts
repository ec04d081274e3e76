interface Sample {
  readonly ms: number;
  readonly records: number;
}

/** The rate is the mean over this time. */
const WINDOW_MS = 10_000;
/** From fewer milliseconds no rate is told. */
const FIRST_MS = 3_000;
/** What ends so soon is not worth an estimate. */
const SHORT_SECONDS = 5;
/** Nothing is known of what would take so long. */
const LONG_SECONDS = 24 * 3_600;

/** How long work will take that becomes less: from the rate of the last ten seconds. */
export class TimeLeft {
  #samples: Sample[] = [];

  /**
   * To be called now and then with what is left at a time. Seconds; null when there is too little to go by, or almost
   * nothing left to wait for.
   */
  look(ms: number, records: number): number | null {
    const samples = this.#samples;
    // What was found only now would count as work that was undone.
    if (samples.length > 0 && records > samples[samples.length - 1].records) samples.length = 0;
    samples.push({ ms, records });
    while (samples.length > 2 && ms - samples[1].ms >= WINDOW_MS) samples.shift();
    const { ms: firstMs, records: first } = samples[0];
    if (ms - firstMs < FIRST_MS || records >= first) return null;
    const seconds = records * (ms - firstMs) / (first - records) / 1000;
    return seconds < SHORT_SECONDS || seconds > LONG_SECONDS ? null : Math.round(seconds);
  }

  /** What comes next is other work. */
  reset(): void {
    this.#samples = [];
  }
}

/** `about 40 s left`, in steps that stay true while one reads. */
export function timeLeftText(seconds: number): string {
  if (seconds < 55) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `about ${minutes} min left` : `about ${Math.round(seconds / 3_600)} h left`;
}
