import { openProcessNotes } from "../../adapters/local/process_notes.ts";
import type { Configuration } from "../config/configuration.ts";
import { pathsIn } from "../embedded_directory.ts";
import { failureOf } from "./failure.ts";
import type { KeptEvents } from "./kept_events.ts";

/** How often a process notes that it lives: when one ended without a word is known so exactly. */
const BEAT_MS = 5_000;

/**
 * Runs as a process of which the data directory knows when it began and how it ended; how those before it ended is
 * among the events. @throws what `run` throws
 */
export async function withProcessNotes<T>(
  { configuration, events }: { readonly configuration: Configuration; readonly events: KeptEvents },
  run: () => Promise<T>,
): Promise<T> {
  const { dataDirectory, run: { consoleRows } } = configuration;
  const notes = openProcessNotes(pathsIn(dataDirectory).processes, { pid: Deno.pid, nowMs: Date.now() });
  events.begin(Deno.pid, notes);
  const beating = setInterval(() => notes.beat(Date.now()), BEAT_MS);
  try {
    return await run();
  } catch (error) {
    events.failed(failureOf(error, { quotesRows: consoleRows }).reason);
    throw error;
  } finally {
    clearInterval(beating);
    notes.close();
  }
}
