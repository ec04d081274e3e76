import { newTask } from "./append_task.ts";
import type { Member } from "./member.ts";
import { PARTITIONS, type World } from "./world.ts";

/** Decides that a partition gets another owner, or the same one anew; the present one may be asked to stop first. */
export function decide(
  world: World,
  partition: number,
  { member, asked }: { readonly member: Member; readonly asked: "asked" | "not asked" },
): void {
  world.coordinator.decide(partition);
  const present = world.owners[partition]?.tasks.get(partition);
  if (asked === "asked" && present !== undefined) present.stopping = true;
  const delay = asked === "asked" ? 10 + world.choices.below(60) : world.choices.below(12);
  world.decisions[partition] = { member, dueAt: world.now + delay };
}

/** Decisions come into force: whoever had the partition before is told of it some time later, or never. */
export function assign(world: World): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const decision = world.decisions[partition];
    if (decision === null) continue;
    const present = world.owners[partition]?.tasks.get(partition);
    const stopped = present === undefined || (present.stopping && present.over);
    if (decision.dueAt > world.now && !stopped) continue;
    world.decisions[partition] = null;
    // One who was killed meanwhile is replaced by one that is there.
    const member = world.members.includes(decision.member) ? decision.member : world.choices.pick(world.members);
    const tenure = world.coordinator.assign(partition);
    world.owners[partition] = member;
    world.notices.push({ member, partition, tenure, dueAt: world.now + world.choices.below(8) });
    world.count("assignments");
  }
}

/** Members that are awake learn what they have, and what they have no more. */
export function notify(world: World): void {
  const heard = world.notices.filter(({ dueAt, member }) => dueAt <= world.now && member.asleepUntil <= world.now);
  world.notices = world.notices.filter((notice) => !heard.includes(notice));
  for (const { member, partition, tenure } of heard) {
    if (!world.coordinator.isCurrent(partition, tenure)) continue;
    member.tasks.set(partition, newTask(world, member, { partition, tenure }));
  }
  for (const member of world.members) {
    if (member.asleepUntil > world.now) continue;
    for (const [partition, task] of member.tasks) {
      if (world.coordinator.isCurrent(partition, task.tenure)) continue;
      if (task.over || world.choices.chance(world.faults ? 0.03 : 0.3)) member.tasks.delete(partition);
    }
  }
}

/** A process is no more; another one takes its place. What it had under way goes on. */
export function kill(world: World, member: Member): void {
  const index = world.members.indexOf(member);
  if (index < 0) return;
  world.members.splice(index, 1);
  world.addMember();
  world.count("processes killed");
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (world.owners[partition] !== member || world.decisions[partition] !== null) continue;
    decide(world, partition, { member: world.choices.pick(world.members), asked: "not asked" });
  }
}
