import { watchUsage } from "./usage.ts";

/** One block of what a benchmark prints. */
export interface Measured {
  readonly name: string;
  readonly figures: Readonly<Record<string, string | number>>;
}

/** A run that is being measured. */
export interface Run {
  readonly startMs: number;
  readonly usage: ReturnType<typeof watchUsage>;
}

/** Begins to measure this process. */
export function begin(): Run {
  return { usage: watchUsage(Deno.pid), startMs: performance.now() };
}

/** Ends a measurement over `records` source records, during which `internal` records went to inboxes. */
export function finish(
  name: string,
  run: Run,
  counts: { readonly records: number; readonly internal: number },
): Measured {
  const seconds = (performance.now() - run.startMs) / 1000;
  const { cpuSeconds, peakBytes, stolenShare } = run.usage.stop();
  const { records, internal } = counts;
  return {
    name,
    figures: {
      records,
      seconds: seconds.toFixed(2),
      "records/s": Math.round(records / seconds),
      "CPU s per million": ((cpuSeconds / records) * 1e6).toFixed(1),
      "peak MiB": Math.round(peakBytes / 1024 / 1024),
      "internal records per record": (internal / records).toFixed(3),
      "% of the machine stolen": Math.round(stolenShare * 100),
    },
  };
}

/** The value below which a share of the (unsorted) values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Prints blocks as aligned lines. */
export function print(measured: readonly Measured[]): void {
  for (const { name, figures } of measured) {
    console.log(`\n${name}`);
    for (const [figure, value] of Object.entries(figures)) console.log(`  ${figure.padEnd(30)} ${value}`);
  }
}
