import type { World } from "./world.ts";

/**
 * The topology fails in one process, beside another one: a bug is met once in the middle of work. Often it cannot begin
 * anew for a while, since a topic or a table is not as it must be.
 */
export function failTopology(world: World): void {
  const { choices, log, warehouse } = world;
  if (world.instances.length < 2) world.spawn();
  const victim = choices.pick(world.instances);
  const hindrance = choices.pick(["none", "topic", "table"] as const);
  if (!choices.happens("fail", () => `${victim.owner.name}, ${hindrance} refused`)) return;
  victim.owner.bug = true;
  if (hindrance === "topic") log.unusable = choices.pick(["sim.lines", "sim.users"]);
  if (hindrance === "table") warehouse.reshaped = choices.pick(["facts", "totals"]);
}

/** A partition of any topic, inboxes included, cannot be read for a while. */
export function damage({ choices, log }: World): void {
  const topic = choices.pick([...log.topics.values()]);
  const partition = choices.below(topic.partitions.length);
  if (!choices.happens("damage", () => `${topic.name}/${partition}`)) return;
  log.damaged = { topic: topic.name, partition };
}
