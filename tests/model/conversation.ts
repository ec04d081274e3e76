import { answerBlock, confirmBlock } from "./blocks.ts";
import { answer, serverOf, setRight, subscribe } from "./evaluation.ts";
import type { Message } from "./message.ts";
import { lastKnown, type Task } from "./task.ts";
import { digestOf } from "./values.ts";
import type { World } from "./world.ts";

/** Takes a message of another task, unless something newer of that task was taken. */
export function receive(world: World, task: Task, { message }: { readonly message: Message }): void {
  const { from, epoch, seq } = message;
  const before = task.seen.get(from);
  const older = before !== undefined &&
    ((epoch < before.epoch && world.keeps("lowerEpochDropped")) || (epoch === before.epoch && seq <= before.seq));
  if (older) return world.count("messages dropped");
  task.seen.set(from, { epoch, seq });
  if (before === undefined || epoch > before.epoch) {
    for (const homes of task.subscribers.values()) homes.delete(from);
  }
  const { content } = message;
  switch (content.kind) {
    case "hello": {
      if (!world.keeps("subscribeAgain")) return;
      for (const use of task.rights.keys()) {
        if (serverOf(world, use).server === from) task.toAsk.add(use);
      }
      return;
    }
    case "subscribe": {
      const homes = task.subscribers.get(content.key) ?? new Map();
      task.subscribers.set(content.key, homes.set(from, { held: content.held, answered: false }));
      const known = task.registers.has(content.key) || !task.entries.has(content.key);
      if (known) answer(world, task, { key: content.key, home: from });
      return;
    }
    case "unsubscribe":
      return void task.subscribers.get(content.key)?.delete(from);
    case "block":
      return answerBlock(world, task, { ...content, from, epoch });
    case "confirmed":
      return confirmBlock(world, task, { ...content, from });
    case "value": {
      const use = `${from[0]}/${content.key}`;
      if (task.rights.has(use)) setRight(world, task, { use, row: content.row });
      return;
    }
    case "same":
      return unchanged(world, task, { use: `${from[0]}/${content.key}`, digest: content.digest });
  }
}

/** The server says that a right row is the one of that digest. */
function unchanged(
  world: World,
  task: Task,
  { use, digest }: { readonly use: string; readonly digest: string | null },
): void {
  const right = task.rights.get(use);
  if (right === undefined) return;
  const row = lastKnown(right);
  const other = row === undefined || digestOf(row) !== digest;
  // The answer is to an earlier question: what it speaks of is no longer held.
  if (other && world.keeps("sameNamesDigest")) return subscribe(world, task, { use });
  setRight(world, task, { use, row: row ?? null });
}
