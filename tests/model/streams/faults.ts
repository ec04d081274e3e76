import { assign, decide, kill, notify } from "./group.ts";
import type { Member, StreamTask } from "./member.ts";
import { PARTITIONS, type World } from "./world.ts";

/** Ticks that a process may be suspended. */
const SLEEP_MAX = 400;
/** Ticks that it is suspended between what it learnt and what it does. */
const FREEZE_MAX = 400;

/** One tick of everything. */
export function tick(world: World): void {
  world.now++;
  assign(world);
  notify(world);
  world.network.deliver();
  world.table.execute();
  for (const member of world.members) {
    if (member.asleepUntil > world.now) continue;
    member.awake++;
    for (const task of member.tasks.values()) {
      if (task.over || !world.choices.chance(world.faults ? member.speed : 0.8)) continue;
      if (task.steps.next().done === true) task.over = true;
    }
  }
}

/** Ticks, while everything goes wrong that may. */
export function chaos(world: World, ticks: number): void {
  const { choices, options } = world;
  const traffic = options.kind === "frozen starts" ? 0.3 : choices.pick([0.02, 0.1, 0.3, 0.8]);
  const trouble = (options.kind === "frozen starts" ? 0.002 : choices.pick([0.002, 0.01, 0.03])) * options.heat;
  const freezing = choices.pick([0, 0.001, 0.01]) * options.heat;
  const killing = options.kind === "frozen starts" ? 0.2 : choices.pick([0, 0.02]);
  const startFreezing = options.kind === "frozen starts" ? 0.5 : choices.pick([0, 0.02, 0.4]);
  for (; ticks > 0; ticks--) {
    if (choices.chance(traffic)) world.append(choices.below(PARTITIONS));
    if (choices.chance(trouble)) disturb(world);
    world.learnt.length = world.sent.length = 0;
    tick(world);
    for (const task of world.learnt) if (choices.chance(task.running ? freezing : startFreezing)) freeze(world, task);
    for (const { member } of world.sent) if (choices.chance(killing)) kill(world, member);
  }
}

/** A process is suspended where it is, for long; the group may notice. */
function freeze(world: World, { member, partition }: StreamTask): void {
  const { choices, options } = world;
  const most = options.kind === "frozen starts" ? 2 * FREEZE_MAX : FREEZE_MAX;
  member.asleepUntil = world.now + FREEZE_MAX / 2 + choices.below(most);
  world.count("processes suspended before they act");
  if (world.decisions[partition] !== null || choices.chance(0.5)) return;
  decide(world, partition, { member: choices.pick(world.members), asked: "not asked" });
}

function disturb(world: World): void {
  const { choices } = world;
  const member = choices.pick(world.members);
  const partition = choices.below(PARTITIONS);
  const what = choices.next();
  if (what < 0.2) kill(world, world.table.busy ? world.owners[partition] ?? member : member);
  else if (what < 0.4) suspend(world, member);
  else if (what < 0.5) suspend(world, starting(world) ?? world.owners[partition]);
  else if (what < 0.75) decide(world, partition, { member, asked: choices.chance(0.5) ? "asked" : "not asked" });
  else if (what < 0.8) member.speed = 0.1 + choices.next() * 0.9;
  else if (what < 0.93) expire(world, partition);
  else if (what < 0.96) recreate(world);
  else world.program++;
}

/** Who is about to find out where a task goes on. */
function starting({ members }: World): Member | undefined {
  return members.find(({ tasks }) => [...tasks.values()].some(({ running, over }) => !running && !over));
}

/** A process does nothing for a while; the group may notice. */
function suspend(world: World, member: Member | undefined): void {
  const { choices } = world;
  if (member === undefined) return;
  member.asleepUntil = world.now + 10 + choices.below(choices.chance(0.3) ? SLEEP_MAX : 60);
  world.count("processes suspended");
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (world.owners[partition] !== member || world.decisions[partition] !== null || choices.chance(0.4)) continue;
    decide(world, partition, { member: choices.pick(world.members), asked: "not asked" });
  }
}

/** Old records of a partition go, read or not. */
export function expire(world: World, partition: number): void {
  const { choices } = world;
  const log = world.logs[partition];
  const read = world.owners[partition]?.tasks.get(partition)?.position ?? 0;
  const to = choices.chance(0.5) && read <= log.end ? read : log.end;
  log.cut(log.start + choices.below(Math.max(0, to - log.start) + 1));
  world.count("records expired");
}

export function recreate(world: World): void {
  world.recreateTopic();
  world.count("topics created again");
  // It may be longer than the one before was read.
  for (let count = world.choices.pick([0, 4, 30]); count > 0; count--) world.append(world.choices.below(PARTITIONS));
}
