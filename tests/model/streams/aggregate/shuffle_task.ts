import type { Steps } from "../network.ts";
import { type AggregateWorld, PARTITIONS, placeOf, type Shuffled, type Task } from "./world.ts";

/** Records that are read at once. */
const RECORDS_MAX = 4;

/** Reads a partition of the input and writes what it makes of it into the repartition topic. */
export function* shuffle(world: AggregateWorld, task: Task): Steps {
  const { id, partition } = task;
  for (;;) {
    const held = yield* world.network.ask<{ topicId: number; offset: number } | null>((reply) => {
      reply(world.committed.get(id) ?? null);
    });
    const { topicId } = world.inputs[partition];
    let position = held?.topicId === topicId ? held.offset : 0;
    for (;;) {
      yield;
      const log = world.inputs[partition];
      if (log.topicId !== topicId) break;
      const made: Shuffled[] = [];
      let next = position;
      for (const most = next + 1 + world.choices.below(RECORDS_MAX); next < most; next++) {
        const record = log.next(next);
        if (record === undefined) break;
        record.value.forEach((counted, index) => {
          made.push({ ...counted, topicId, partition, place: placeOf(record.offset, index) });
        });
      }
      task.idleAt = next === position ? { topicId, position } : null;
      if (next === position) continue;
      if (world.keeps("committedAfterSent")) yield* send(world, made);
      yield* commit(world, id, { topicId, offset: next });
      if (!world.keeps("committedAfterSent")) yield* send(world, made);
      position = next;
    }
  }
}

/** One after the other: the next is sent when the one before was acknowledged. */
function* send(world: AggregateWorld, made: readonly Shuffled[]): Steps {
  const append = (record: Shuffled) => world.shuffle(record.group % PARTITIONS, record);
  if (!world.keeps("sendOrder")) { for (const record of made) world.network.send(() => append(record)); }
  for (const record of made) yield* world.network.ask<number>((reply) => reply(append(record)));
}

/** Nobody checks who commits: whatever was ever committed was sent. */
function* commit(
  world: AggregateWorld,
  id: string,
  { topicId, offset }: { readonly topicId: number; readonly offset: number },
): Steps {
  yield* world.network.ask<true>((reply) => {
    world.committed.set(id, { topicId, offset });
    reply(true);
  });
}
