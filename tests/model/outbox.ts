import type { Content, Message } from "./message.ts";
import type { Effect, Task } from "./task.ts";
import { digestOf, type Row } from "./values.ts";
import type { Sink } from "./warehouse.ts";
import type { World } from "./world.ts";

/** Of what was done, so much may be repeated. */
const APPLIED_MAX = 12;

/** Puts a message for the inbox of another task behind what was put before. */
export function send(world: World, task: Task, { to, content }: { to: string; content: Content }): void {
  const message: Message = { from: task.id, epoch: task.epoch, seq: ++task.seq, content };
  world.count(`message ${content.kind}`);
  const inbox = world.inbox(to);
  const run = () => void inbox.append("", { value: message, time: world.now });
  task.queue.push({ destination: `inbox ${to}`, key: "", seq: message.seq, run });
}

/** Puts a row, or a tombstone, for ClickHouse. One that waits under the same key is not sent any more. */
export function put(world: World, task: Task, { sink, key, row }: { sink: Sink; key: string; row: Row | null }): void {
  const seq = ++task.seq;
  const stored = { task: task.id, epoch: task.epoch, seq, digest: digestOf(row), row };
  world.count(`row ${sink}`);
  task.unacknowledged.add(seq);
  for (const waiting of task.queue.filter((effect) => effect.destination === sink && effect.key === key)) {
    task.unacknowledged.delete(waiting.seq);
    if (task.snapshotJob?.waits.delete(waiting.seq) && world.keeps("supersededWaits")) task.snapshotJob.waits.add(seq);
    task.queue = task.queue.filter((effect) => effect !== waiting);
  }
  const run = () => {
    world.warehouse.insert(sink, key, stored);
    world.onWrite?.();
  };
  task.queue.push({ destination: sink, key, seq, run });
}

/** Some of what waits is done: messages in the order of each inbox, rows in any. */
export function deliver(world: World, task: Task): void {
  const { choices } = world;
  for (let count = 1 + choices.below(4); count > 0 && task.queue.length > 0; count--) {
    const drawn = choices.pick(task.queue);
    const message = drawn.destination.startsWith("inbox");
    if (!message && world.slowInserts && choices.chance(0.8)) continue;
    const ordered = message && world.keeps("inboxOrder");
    const effect = ordered ? task.queue.find(({ destination }) => destination === drawn.destination)! : drawn;
    effect.run();
    if (world.faults && choices.chance(0.01)) world.ghosts.push(effect);
    if (world.faults && choices.chance(0.05)) continue; // Its acknowledgement is lost: it is done again.
    task.queue = task.queue.filter((other) => other !== effect);
    acknowledge(task, effect);
    task.applied = [...task.applied, effect].slice(-APPLIED_MAX);
  }
  if (world.faults && task.applied.length > 0 && choices.chance(0.03)) repeat(world, task);
}

function acknowledge(task: Task, { seq }: Effect): void {
  task.unacknowledged.delete(seq);
  task.snapshotJob?.waits.delete(seq);
}

/** The last of what was done at one destination is done again, in order. */
function repeat({ choices }: World, task: Task): void {
  const { destination } = choices.pick(task.applied);
  const same = task.applied.filter((effect) => effect.destination === destination);
  task.queue = [...same.slice(choices.below(same.length)), ...task.queue];
}
