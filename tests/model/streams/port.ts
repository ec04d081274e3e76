import type { Insert, InsertAnswer, Look } from "./append_table.ts";
import type { Range } from "./coordinator.ts";
import type { StreamTask } from "./member.ts";
import type { Steps } from "./network.ts";
import type { Told } from "./told.ts";
import { type Input, PACE, RECORDS_MAX, type World } from "./world.ts";

/** The task is another one's, or is to begin again. */
export class TaskEnded extends Error {
  constructor(readonly reason: "tenure is over" | "other topic") {
    super(reason);
  }
}

/** What time it is at the table, or was a little while ago; never ahead of it. */
export function tableTime(world: World, { member }: StreamTask): number {
  if (!world.keeps("tableClock")) return world.now + member.skew;
  return member.asked.time + member.awake - member.asked.awake;
}

/** Commits progress, and then says what is lost. @throws TaskEnded */
export function* advance(
  world: World,
  task: StreamTask,
  { offset, range, lost = [] }: { offset: number; range: Range | null; lost?: readonly Told[] },
): Steps {
  if (!world.keeps("lossAnnounced")) { for (const told of lost) world.tell(told); }
  const { partition, tenure, topicId } = task;
  const seq = ++task.calls;
  const request = { partition, tenure, seq, progress: { topicId, offset, range, lost } };
  const answer = yield* world.network.ask<"accepted" | "rejected">((reply) => {
    reply(world.coordinator.advance(request));
  });
  if (answer === "rejected" && world.keeps("rejectedStops")) throw new TaskEnded("tenure is over");
  task.committed = range === null ? offset : null;
  world.learnt.push(task);
  if (world.keeps("lossAnnounced")) { for (const told of lost) world.tell(told); }
}

/** Waits until another announcement may be made. */
export function* pace(world: World, task: StreamTask): Steps {
  if (world.keeps("pace")) { while (task.member.awake - task.pacedFrom < PACE) yield; }
  task.pacedFrom = task.member.awake;
}

/** Sends an insert until it is acknowledged or must not be sent any more. */
export function* insert(
  world: World,
  task: StreamTask,
  { rows, token, deadline }: Insert,
): Steps<InsertAnswer> {
  const request = { rows, token, deadline };
  world.sent.push(task);
  for (;;) {
    const late = () => tableTime(world, task) > deadline;
    const answer = yield* world.network.ask<InsertAnswer>((reply) => world.table.insert(request, reply), late);
    if (answer === "stored") return answer;
    if (answer === "too late" || answer === undefined) return "too late";
  }
}

/** Asks the table what it has of a range, and what time it is there. */
export function* look(
  world: World,
  task: StreamTask,
  { topicId, from, to }: Pick<Range, "topicId" | "from" | "to">,
): Steps<Look> {
  const place = { topicId, partition: task.partition, from, to };
  const answer = yield* world.network.ask<Look>((reply) => reply(world.table.look(place)));
  setTime(task, answer!.time);
  world.learnt.push(task);
  return answer!;
}

function setTime({ member }: StreamTask, time: number): void {
  if (time > member.asked.time + member.awake - member.asked.awake) member.asked = { time, awake: member.awake };
}

/** What a read of a partition gives. */
export interface Read {
  /** The log's start. */
  readonly start: number;
  readonly inputs: readonly Input[];
  /** Where the next read begins. */
  readonly next: number;
}

/** Reads records from an offset on, before `to`. @throws TaskEnded if they are another topic's. */
export function* readLog(
  world: World,
  task: StreamTask,
  { from, to }: { readonly from: number; readonly to: number },
): Steps<Read> {
  const { partition, topicId } = task;
  const check = () => {
    if (world.logs[partition].topicId !== topicId) throw new TaskEnded("other topic");
  };
  if (!world.keeps("topicIdAfterRead")) {
    check();
    yield;
  }
  world.learnt.push(task);
  const log = world.logs[partition];
  const inputs: Input[] = [];
  let next = Math.max(from, log.start);
  const most = to === Infinity ? 1 + world.choices.below(RECORDS_MAX) : Infinity;
  for (let record = log.next(next); inputs.length < most; record = log.next(next)) {
    if (record === undefined || record.offset >= to) {
      next = Math.max(next, Math.min(to, log.end));
      break;
    }
    inputs.push({ topicId, partition, offset: record.offset, value: record.value });
    next = record.offset + 1;
  }
  yield;
  if (world.keeps("topicIdAfterRead")) check();
  return { start: log.start, inputs, next };
}
