import type { Bytes, Log } from "../../../src/ports/log.ts";

const utf8 = new TextDecoder();
const POLL_MS = 200;

/** Reads all that the topic has now, partition by partition in the order of offsets; texts of key and value. */
export async function readTopic(
  log: Log,
  topic: string,
  take: (key: string, value: string | null) => void,
): Promise<void> {
  const { start, end } = await log.offsets(topic);
  const reader = log.reader();
  const left = new Set<number>();
  end.forEach((offset, partition) => {
    if (offset === start[partition]) return;
    left.add(partition);
    reader.seek(topic, partition, start[partition]);
  });
  while (left.size > 0) {
    for (const { partition, records, nextOffset, problem } of await reader.poll(POLL_MS)) {
      if (problem !== undefined) throw new Error(problem);
      for (const { offset, key, value } of records) {
        if (offset < end[partition]) take(textOf(key!), value === null ? null : textOf(value));
      }
      if (nextOffset < end[partition] || !left.delete(partition)) continue;
      reader.stop(topic, partition);
    }
  }
  await reader.close();
}

function textOf(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : utf8.decode(bytes);
}
