import { readDataFile, writeDataFile } from "./data_file.ts";

/**
 * When the last instance on a data directory ended, which is the time of which its rows are, where rows expire: those
 * due before `fromMs` have left, those due after `toMs` have not. Milliseconds since the epoch.
 */
export interface LastMoment {
  readonly fromMs: number;
  readonly toMs: number;
}

const FILE = "last_moment.json";
/** Everything has been applied within this time when an instance ends. */
const ENDING_MS = 10_000;

/** Of an instance that ends now, and whose topologies have stopped. */
export function endingNow(nowMs: number): LastMoment {
  return { fromMs: nowMs - ENDING_MS, toMs: nowMs };
}

/** Keeps it in the data directory; null: an instance runs, or is killed, and nobody knows. */
export function writeLastMoment(directory: string, moment: LastMoment | null): void {
  try {
    if (moment === null) Deno.removeSync(`${directory}/${FILE}`);
    else writeDataFile(directory, { name: FILE, value: moment });
  } catch {
    // No directory, no file, or a full disk: then nobody knows.
  }
}

/** The one kept in a data directory; null if there is none. */
export function readLastMoment(directory: string): LastMoment | null {
  const { fromMs, toMs } = readDataFile(directory, FILE) as Partial<LastMoment> | null ?? {};
  return typeof fromMs === "number" && typeof toMs === "number" ? { fromMs, toMs } : null;
}
