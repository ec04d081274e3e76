import type { World } from "./world.ts";

/**
 * While an append is half done, the task that is to read its rest moves: best a merge task in the middle of a snapshot.
 */
export function interruptAppend(world: World): void {
  const { choices, log, scheduler } = world;
  const reads = log.unfinished.filter(({ interrupted }) => !interrupted)
    .flatMap((append) => append.rest.map((batch) => ({ append, batch })));
  const ends = reads.filter(({ batch }) => batch.records.some(({ value }) => String(value).includes('["E",')));
  if (reads.length === 0) return;
  const { append, batch } = choices.pick(ends.length > 0 ? ends : reads);
  const what = () => `the reader of ${batch.topic}/${batch.partition} moves`;
  if (!choices.happens("interrupt", what)) return;
  append.interrupted = true;
  append.dueStep = scheduler.steps + 10 + choices.below(40);
  if (world.instances.length < 2) world.spawn();
  world.group.moveReader(batch.topic, batch.partition);
}

/** While the last parts of what a stage writes into its changelog are on their way, its process dies. */
export function killWriter(world: World): void {
  const { choices, log, instances } = world;
  const writing = log.unfinished.filter(({ rest }) => rest.some(({ topic }) => topic.endsWith(".changelog")));
  if (writing.length === 0) return;
  const { owner, rest } = choices.pick(writing);
  const victim = instances.find((instance) => instance.owner === owner);
  if (victim === undefined || !choices.happens("kill", () => `${owner.name}, before ${rest.length} parts`)) return;
  world.kill(victim);
  world.spawn();
}
