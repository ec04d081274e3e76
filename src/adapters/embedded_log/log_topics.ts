import type { NewTopic, TopicDescription } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { EmbeddedLogLimits } from "./log_limits.ts";
import type { LogStore, TopicState } from "./log_store.ts";

/** Kafka's rule, so that a name that works here works there. */
const LEGAL_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** The topic of this name. @throws ProductionError otherwise, which no repetition changes */
export function existing(store: LogStore, name: string): TopicState {
  const topic = store.topic(name);
  if (topic === undefined) throw unknownTopic(name);
  return topic;
}

/** The topic, if it has this partition. @throws ProductionError otherwise, which no repetition changes */
export function existingWith(
  store: LogStore,
  { topic: name, partition }: { readonly topic: string; readonly partition: number },
): TopicState {
  const topic = existing(store, name);
  if (Number.isInteger(partition) && partition >= 0 && partition < topic.partitions.length) return topic;
  const message =
    `Cannot use partition ${partition} of "${name}": current value is ${topic.partitions.length} partitions, ` +
    "counted from 0. Use one of them";
  throw new ProductionError(message, { retriable: false });
}

export function unknownTopic(name: string): ProductionError {
  return new ProductionError(
    `Cannot use "${name}" as a topic: current value is no topic of that name. Create it first`,
    { retriable: false },
  );
}

export function keepsEveryKey(name: string): ProductionError {
  const message = `Cannot delete the first records of "${name}": current value is a compacted topic, which keeps the ` +
    'newest record of every key. Use a topic with cleanup "delete"';
  return new ProductionError(message, { retriable: false });
}

/** @throws ProductionError when Kafka, too, would refuse to create it */
export function checkNewTopic({ name, partitions, retentionMs, messageBytesMax = 1 }: NewTopic): void {
  const refuse = (expected: string, { value, remedy }: { value: unknown; remedy: string }) => {
    throw new ProductionError(`Cannot create topic "${name}" ${expected}: current value is ${value}. ${remedy}`, {
      retriable: false,
    });
  };
  if (!LEGAL_NAME.test(name)) {
    refuse(
      "as a name that Kafka allows",
      { value: `"${name}"`, remedy: "Use at most 249 letters, digits, dots, underscores and hyphens" },
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1) {
    refuse("as partitions", { value: partitions, remedy: "Use an integer from 1 on" });
  }
  if (!Number.isInteger(retentionMs) || retentionMs < -1) {
    refuse("as kept for a time", { value: retentionMs, remedy: "Use milliseconds, or -1" });
  }
  if (!Number.isInteger(messageBytesMax) || messageBytesMax < 0) {
    refuse("with a largest record", { value: messageBytesMax, remedy: "Use bytes, an integer from 0 on" });
  }
}

/** Largest record of a topic, in bytes of UTF-8. */
export function messageBytesMaxOf({ messageBytesMax }: TopicState, { recordBytesMax }: EmbeddedLogLimits): number {
  return Math.min(messageBytesMax ?? recordBytesMax, recordBytesMax);
}

export function describe(topic: TopicState, limits: EmbeddedLogLimits): TopicDescription {
  return {
    name: topic.name,
    partitions: topic.partitions.length,
    id: topic.id,
    compacted: topic.compacted,
    deletes: !topic.compacted,
    retentionMs: topic.retentionMs,
    deleteRetentionMs: topic.deleteRetentionMs,
    messageBytesMax: messageBytesMaxOf(topic, limits),
  };
}
