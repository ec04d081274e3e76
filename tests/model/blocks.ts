import { answer, serverOf, setRight, subscribe } from "./evaluation.ts";
import type { Confirmed, HeldKey } from "./message.ts";
import { send } from "./outbox.ts";
import { lastKnown, type RightRow, type Task } from "./task.ts";
import { digestOf, UNKNOWN } from "./values.ts";
import type { World } from "./world.ts";

/** Keys of a block; there are few keys in this world. */
const BLOCK_MAX = 3;

/** Some of what is held is asked about: it is put into the block of its server, which leaves when it is full. */
export function askSome(world: World, task: Task): void {
  const { choices } = world;
  for (let count = 1 + choices.below(3); count > 0 && task.toAsk.size > 0; count--) {
    const use = choices.pick([...task.toAsk]);
    task.toAsk.delete(use);
    const right = task.rights.get(use);
    // It is gone, or was asked for when it was looked up.
    if (right === undefined) continue;
    const row = lastKnown(right);
    if (row === undefined || choices.chance(0.3)) {
      subscribe(world, task, { use });
      continue;
    }
    const { server, key } = serverOf(world, use);
    const block = [...task.openBlocks.get(server) ?? [], { key, held: digestOf(row) }];
    task.openBlocks.set(server, block);
    if (block.length >= BLOCK_MAX) sendBlock(world, task, { server });
  }
  if (task.toAsk.size === 0) { for (const server of [...task.openBlocks.keys()]) sendBlock(world, task, { server }); }
}

function sendBlock(world: World, task: Task, { server }: { readonly server: string }): void {
  const keys = task.openBlocks.get(server)!;
  const block = task.blocks.size;
  task.openBlocks.delete(server);
  task.blocks.set(block, keys.map(({ key }) => key));
  send(world, task, { to: server, content: { kind: "block", block, keys } });
}

/** A home asks about several keys. Those that are not what it holds are told one by one, before the answer to all. */
export function answerBlock(
  world: World,
  task: Task,
  { from, epoch, block, keys }: {
    readonly from: string;
    readonly epoch: number;
    readonly block: number;
    readonly keys: readonly HeldKey[];
  },
): void {
  const except: string[] = [];
  for (const { key, held } of keys) {
    const homes = task.subscribers.get(key) ?? new Map();
    const known = task.registers.has(key) || !task.entries.has(key);
    const same = known && digestOf(task.registers.get(key) ?? null) === held;
    if (world.keeps("blockSubscribes")) task.subscribers.set(key, homes.set(from, { held, answered: same }));
    if (same) world.served.add(`${task.table}/${key} ${held}`);
    if (same || (known && !world.keeps("blockTellsOthers"))) continue;
    if (world.keeps("blockExceptsOthers")) except.push(key);
    if (known && task.subscribers.get(key)?.has(from)) answer(world, task, { key, home: from });
  }
  const asked = new Map(keys.map(({ key, held }) => [key, held]));
  send(world, task, { to: from, content: { kind: "confirmed", to: epoch, block, except, asked } });
}

/** The server's answer to a block: what is still held of it, and nothing else, is what it was. */
export function confirmBlock(
  world: World,
  task: Task,
  { from, to, block, except, asked }: Confirmed & { readonly from: string },
): void {
  if (to !== task.epoch && world.keeps("blockNamesEpoch")) return world.count("blocks of an earlier life");
  for (const key of task.blocks.get(block) ?? []) {
    const use = `${from[0]}/${key}`;
    const right = task.rights.get(use);
    if (right === undefined || except.includes(key)) continue;
    if (isHeld(right) || (right.value === UNKNOWN && !world.keeps("blockConfirmsHeld"))) {
      const row = right.held ?? null;
      if (asked.get(key) !== digestOf(row)) world.fail(`X ${task.id} believes of ${use} what nobody was asked`);
      setRight(world, task, { use, row });
    }
  }
}

/** From a snapshot, and not confirmed yet: in one life of a task that is one value, or none any more. */
function isHeld({ value, held }: RightRow): boolean {
  return value === UNKNOWN && held !== undefined;
}
