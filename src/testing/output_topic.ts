import type { Log } from "../ports/log.ts";
import type { TopicSpec } from "../dsl/topic_sink.ts";
import { outputRecords, type OutputTestRecord } from "./output_records.ts";

/**
 * A topic that the topology writes to, read on from where it was read last, as by a consumer of its own. What has come
 * since is read by partition, in the order of offsets.
 */
export interface TestOutputTopic {
  /** The next record. @throws RangeError if there is none */
  readRecord(): Promise<OutputTestRecord>;
  /** The value of the next record. @throws RangeError if there is none */
  readValue(): Promise<unknown>;
  /** All records that were not read yet; none if there are none. */
  readRecordsToList(): Promise<OutputTestRecord[]>;
  /** Their values. */
  readValuesToList(): Promise<unknown[]>;
  /** Whether there is no next record. */
  isEmpty(): Promise<boolean>;
  /** How many records were not read yet. */
  getQueueSize(): Promise<number>;
}

/** Begins at the beginning of the topic, which need not be there yet. */
export function testOutputTopic(log: Pick<Log, "topics" | "offsets" | "reader">, spec: TopicSpec): TestOutputTopic {
  const queue: OutputTestRecord[] = [];
  const next = new Map<number, number>();
  const come = async () => {
    for (const record of await outputRecords(log, spec)) {
      if (record.offset < (next.get(record.partition) ?? 0)) continue;
      next.set(record.partition, record.offset + 1);
      queue.push(record);
    }
    return queue;
  };
  const readRecord = async () => {
    const record = queue.shift() ?? (await come()).shift();
    if (record !== undefined) return record;
    throw new RangeError(`Cannot read a record of topic "${spec.topic}": there is none that was not read yet`);
  };
  const readRecordsToList = async () => (await come()).splice(0);
  return {
    readRecord,
    readRecordsToList,
    readValue: async () => (await readRecord()).value,
    readValuesToList: async () => (await readRecordsToList()).map(({ value }) => value),
    isEmpty: async () => (await come()).length === 0,
    getQueueSize: async () => (await come()).length,
  };
}
