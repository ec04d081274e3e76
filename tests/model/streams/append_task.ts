import { settleRange } from "./announced_range.ts";
import { work } from "./append_work.ts";
import type { Progress } from "./coordinator.ts";
import type { Member, StreamTask } from "./member.ts";
import type { Steps } from "./network.ts";
import { advance, look, TaskEnded } from "./port.ts";
import type { Told } from "./told.ts";
import type { World } from "./world.ts";

/** A task of a member, ready to begin. */
export function newTask(
  world: World,
  member: Member,
  { partition, tenure }: { readonly partition: number; readonly tenure: number },
): StreamTask {
  const task: StreamTask = {
    partition,
    tenure,
    member,
    topicId: 0,
    position: 0,
    calls: 0,
    committed: null,
    running: false,
    idle: false,
    stopping: false,
    pacedFrom: 0,
    steps: [].values() as unknown as Steps,
    over: false,
  };
  task.steps = run(world, task);
  return task;
}

/** From the assignment to the end of the tenure. */
function* run(world: World, task: StreamTask): Steps {
  for (;;) {
    try {
      yield* begin(world, task);
      return yield* work(world, task);
    } catch (error) {
      if (!(error instanceof TaskEnded)) throw error;
      world.count(`tasks ended: ${error.reason}`);
      if (error.reason === "tenure is over") return;
      task.running = false;
    }
  }
}

/** Finds out where the task goes on, and does what was left undone there. */
function* begin(world: World, task: StreamTask): Steps {
  const { partition, tenure } = task;
  const held = yield* world.network.ask<ReturnType<World["coordinator"]["held"]>>((reply) => {
    reply(world.coordinator.held(partition, tenure));
  });
  if (held === undefined) throw new TaskEnded("tenure is over");
  task.pacedFrom = task.member.awake;
  task.topicId = world.logs[partition].topicId;
  const { progress } = held;
  if (progress === null) yield* beginWithoutProgress(world, task);
  else {
    for (const told of progress.lost) world.tell(told);
    if (progress.topicId !== task.topicId && world.keeps("topicIdCompared")) {
      yield* beginNewTopic(world, task, progress);
    } else {
      if (progress.range !== null && world.keeps("rangeSettled")) {
        yield* settleRange(world, task, { announced: progress.range });
      }
      task.position = progress.range?.to ?? progress.offset;
    }
  }
  task.running = true;
  world.begun[partition] ??= { topicId: task.topicId, offset: task.position };
}

/** It never ran, or what was committed is forgotten. */
function* beginWithoutProgress(world: World, task: StreamTask): Steps {
  const { partition, topicId } = task;
  const last = yield* world.network.ask<number | undefined>((reply) => {
    reply(world.table.last({ partition, topicId }));
  });
  yield;
  const { start, end } = world.logs[partition];
  task.position = world.beginsAt === "start" ? start : end;
  const lost: Told[] = [];
  if (last !== undefined && world.keeps("forgottenAsked")) {
    world.count("progress found in the table");
    task.position = last + 1;
    // Nobody knows how far the last range went.
    if (!world.atomic) lost.push({ reason: "doubt", topicId, partition, from: 0, to: last + 1 });
  }
  if (world.keeps("startCommitted")) yield* advance(world, task, { offset: task.position, range: null, lost });
}

/** The topic was deleted and made again: what was not read of the old one, or not inserted, is lost. */
function* beginNewTopic(world: World, task: StreamTask, { topicId, offset, range }: Progress): Steps {
  const { partition, topicId: nextTopicId } = task;
  let from = offset;
  if (range !== null) {
    const { present } = yield* look(world, task, range);
    if (present.size >= range.rows) from = range.to;
  }
  const lost: Told = { reason: "topic", topicId, partition, from, to: Infinity, nextTopicId };
  yield* advance(world, task, { offset: 0, range: null, lost: world.keeps("lostTold") ? [lost] : [] });
  task.position = 0;
}
