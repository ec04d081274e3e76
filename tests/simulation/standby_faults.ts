import { partitionOf } from "../../src/record/partitioner.ts";
import { compactTopic } from "./faults.ts";
import type { StoredTopic } from "./stored_topic.ts";
import { type SourceName, sourceRecord, TOPICS } from "./source_records.ts";
import { DELETE_RETENTION_MS, type World } from "./world.ts";

/** At each step: how often it begins, and how often it ends if it can. */
const SLEEP_SHARE = 0.02;
const WAKE_SHARE = 0.1;
const RECREATE_SHARE = 0.004;
/** At each step: how often all standbys get their tasks. */
const MOVE_SHARE = 0.01;
/** Until all tasks have read everything, if they ever do. */
const CALM_STEPS_MAX = 3_000;
/** Between what wakes standbys and what gives them their tasks. */
const AWAKE_STEPS_MAX = 60;
/** Tables that tasks read: another topic of a global one is fatal. */
const TASK_SOURCES: readonly SourceName[] = ["lines", "orders", "users"];

/** What befalls standbys, and topics that have some. */
export function standbyTroubles(world: World): void {
  const { choices, log, group } = world;
  choices.point("standbys");
  if (!log.standbysSleep) {
    if (choices.strikes("standbys-sleep", SLEEP_SHARE)) log.standbysSleep = true;
  } else if (choices.chance(WAKE_SHARE) && allOwnersAreAtTheEnd(world) && choices.happens("standbys-wake")) {
    // Whoever slept has not read the tombstones that are gone now.
    if (choices.strikes("time-passes", 0.7)) expire(world);
    if (choices.chance(0.7)) group.moveToStandbys();
    log.standbysSleep = false;
  }
  choices.point("take over");
  if (choices.strikes("take-over", MOVE_SHARE)) group.moveToStandbys();
  choices.point("recreate");
  if (choices.strikes("recreate", RECREATE_SHARE)) recreate(world, choices.pick(TASK_SOURCES));
}

/**
 * Nothing else is wrong, and standbys that had read everything fall behind: rows are deleted, and then the tombstones
 * are gone, or the topic is another one, before they read on and get their tasks.
 */
export async function lateStandbys(world: World): Promise<void> {
  const { choices, log, group, truth } = world;
  choices.point("late standbys");
  if (!choices.happens("late-standbys")) return;
  log.standbysSleep = true;
  for (let changes = 3 + choices.below(5); changes > 0; changes--) {
    const name = choices.pick(TASK_SOURCES);
    const ids = [...truth.get(name)!.keys()];
    if (ids.length > 0 && choices.chance(0.6)) world.put(name, choices.pick(ids), null);
    else world.change(name);
  }
  await untilOwnersAreAtTheEnd(world);
  if (choices.chance(0.5)) expire(world);
  else {
    recreate(world, choices.pick(TASK_SOURCES));
    await untilOwnersAreAtTheEnd(world);
  }
  log.standbysSleep = false;
  for (let steps = choices.below(2) * choices.below(AWAKE_STEPS_MAX); steps > 0; steps--) await goOn(world);
  group.moveToStandbys();
}

async function untilOwnersAreAtTheEnd(world: World): Promise<void> {
  for (let steps = 0; steps < CALM_STEPS_MAX && !allOwnersAreAtTheEnd(world); steps++) await goOn(world);
}

async function goOn({ scheduler }: World): Promise<void> {
  if (!await scheduler.step()) await scheduler.wakeNext();
}

function allOwnersAreAtTheEnd({ log, instances }: World): boolean {
  return instances.every(({ failed, runner }) => !failed && runner.ready) &&
    [...log.readers].every(({ behind }) => !behind);
}

/** Time passes, after which no tombstone need be there any more. */
function expire({ scheduler, log, choices }: World): void {
  const tombstonesBeforeMs = scheduler.nowMs;
  scheduler.nowMs += DELETE_RETENTION_MS;
  for (const name of TASK_SOURCES) {
    compactTopic(log.topics.get(TOPICS[name])!, choices, { share: 1, tombstonesBeforeMs });
  }
}

/**
 * A topic is deleted and made again with the rows of now, some of them often, so that it may be as long as before. What
 * was deleted meanwhile it never says.
 */
function recreate(world: World, name: SourceName): void {
  const { log, truth, choices } = world;
  const topic = TOPICS[name];
  for (const id of [...truth.get(name)!.keys()]) if (choices.chance(0.3)) world.put(name, id, null);
  const before = log.topics.get(topic)!;
  log.topics.delete(topic);
  const { length } = before.partitions;
  const after: StoredTopic = log.create({ name: topic, partitions: length, cleanup: "compact", retentionMs: -1 });
  const rows = Math.max(1, truth.get(name)!.size);
  const longer = 1 + Math.ceil(length * Math.max(...before.partitions.map(({ end }) => end)) / rows);
  const times = choices.pick([1, longer]);
  for (let time = 0; time < times; time++) {
    for (const row of truth.get(name)!.values()) {
      const { json } = world.profile;
      const record = sourceRecord(name, { id: row.id as number, after: row, json, op: "r" });
      log.store({ topic: after.name, partition: partitionOf(record.key, length), records: [record] });
    }
  }
}
