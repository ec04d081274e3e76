import type { Log, TopicDescription } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";

/**
 * Lets topics that are kept for ever take records as large as the run's options allow, where these were raised since
 * the topics were made. Where that is not allowed they stay as they are: most records are far smaller, and one that is
 * not is refused with the topic's name and what to do.
 * @throws ProductionError when the log does not answer
 */
export async function raiseLimits(
  topics: Iterable<TopicDescription>,
  { log, messageBytesMax }: { readonly log: Pick<Log, "alterTopic">; readonly messageBytesMax: number },
): Promise<void> {
  for (const topic of topics) {
    if (topic.messageBytesMax >= messageBytesMax) continue;
    try {
      await log.alterTopic(topic.name, { retentionMs: -1, messageBytesMax });
    } catch (error) {
      if (!(error instanceof ProductionError) || error.retriable) throw error;
    }
  }
}
