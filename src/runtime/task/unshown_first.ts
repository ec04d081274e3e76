import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { SinkOutput } from "../outputs/sink_output.ts";
import type { SlotScan } from "./work_queue.ts";

/**
 * The entries, those that no sink shows before, and then among, the others: what came while nobody ran is seen first.
 * NO_SLOT for one that is passed over.
 */
export function unshownFirst(sinks: readonly SinkOutput[], entries: Int32Array): SlotScan {
  const shows = (entry: Slot) => sinks.some((sink) => sink.shows(entry));
  let at = 0;
  return () => {
    if (at === 2 * entries.length) return null;
    const isFirstTurn = at < entries.length;
    const entry = entries[isFirstTurn ? at : at - entries.length];
    at++;
    return isFirstTurn && shows(entry) ? NO_SLOT : entry;
  };
}
