import type { Unfinished } from "../../src/runtime/runner.ts";
import type { SimulatedLog } from "./simulated_log.ts";

/**
 * Whether nothing is left to do but to read marks: instances tell each other every few seconds how far sources are
 * read, as long as there are several of them.
 */
export function isAtRest(unfinished: Unfinished, log: Pick<SimulatedLog, "topics">): boolean {
  const { done, ready, tasks, globalRecords, queuedBytes, sinks } = unfinished;
  if (done) return true;
  return ready && globalRecords === 0 && queuedBytes === 0 && sinks.length === 0 &&
    tasks.every(({ state, busy, pendingRows, unanswered, unread, id }) => {
      if (state !== "running" || busy || pendingRows > 0 || unanswered.length > 0) return false;
      const at = Number(id.slice(id.lastIndexOf("-") + 1));
      return unread.every(({ topic, position }) =>
        log.topics.get(topic)!.partitions[at].records.every(({ offset, value }) =>
          offset < position || String(value).startsWith('["#marks"')
        )
      );
    });
}
