import { AGED_TABLES } from "./aged_events.ts";
import { idOf, rowOf, TOPICS } from "./source_records.ts";
import { correctedValue } from "./corrections.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import type { StoredPartition, StoredTopic } from "./stored_topic.ts";
import type { World } from "./world.ts";

const LOST_MAX = 3;

/**
 * Unclean elections: partitions of the sources that tasks read lose their last records, as far as these were not on
 * every replica, and get others in their place, so that nobody sees it by the offsets.
 */
export function loseRecords(world: World): void {
  const { choices, log, truth } = world;
  choices.point("lose records");
  for (const name of ["lines", "orders", "users"] as const) {
    const topic = log.topics.get(TOPICS[name])!;
    let lost = 0;
    for (const [index, partition] of topic.partitions.entries()) {
      const count = 1 + choices.below(LOST_MAX);
      if (choices.strikes("election", 0.7, () => `${name}/${index} loses ${count} records`)) {
        lost += elect(partition, count);
      }
    }
    if (lost === 0) continue;
    truth.set(name, rowsOf(log, topic));
    for (let change = 0; change < lost + 2 * topic.partitions.length; change++) world.change(name);
  }
}

/** Another leader, without the last records. Returns how many are lost. */
function elect(partition: StoredPartition, count: number): number {
  const before = partition.end;
  partition.end = Math.max(partition.replicated, before - count);
  partition.records = partition.records.filter(({ offset }) => offset < partition.end);
  partition.ends.push(partition.end);
  partition.leaderEpoch++;
  return before - partition.end;
}

/** What the records that are left say. */
function rowsOf(log: Pick<SimulatedLog, "topics">, { name, partitions }: StoredTopic) {
  const rows = new Map<number, Record<string, unknown>>();
  for (const [partition, { records }] of partitions.entries()) {
    for (const { key, offset, value } of records) {
      const id = idOf(String(key));
      const place = { topic: name, partition, offset };
      const read = correctedValue(log, { ...place, value: value === null ? null : String(value) });
      if (read === null) rows.delete(id);
      else rows.set(id, rowOf(read));
    }
  }
  return rows;
}

/** Half of the rows and shares that ClickHouse shows, as when a part of a table is lost. */
export function loseRows({ choices, profile, warehouse }: World): void {
  if (!profile.lostRows) return;
  choices.point("lose rows");
  const { memory } = warehouse;
  for (const table of memory.tables()) {
    // Of windows that went by age nobody else has the rows.
    if (AGED_TABLES.includes(table)) continue;
    for (const { key, values } of [...memory.stored(table)]) {
      if (values !== null && choices.strikes("lost-row", 0.5, () => `${table} ${key}`)) {
        memory.tamper({ table, key }, null);
      }
    }
  }
}
