import { type ChangelogRecord, readChangelog } from "../../../src/formats/changelog_fact.ts";
import type { Log } from "../../../src/ports/log.ts";
import { partitionRecords } from "../../../src/ports/partition_records.ts";

/** What a changelog of one partition has, record by record, and by key the last of them. */
export async function changelogRecords(log: Log, topic: string) {
  const all: ChangelogRecord[] = [];
  const last = new Map<string, ChangelogRecord>();
  const { start: [from], end: [to] } = await log.offsets(topic);
  for await (const records of partitionRecords(log, { topic, partition: 0, from, to })) {
    for (const record of records) {
      const key = typeof record.key === "string" ? record.key : new TextDecoder().decode(record.key!);
      const read = readChangelog(topic, record);
      all.push(read);
      last.set(key, read);
    }
  }
  return { all, last };
}
