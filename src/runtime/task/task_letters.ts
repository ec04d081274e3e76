import type { Position } from "../../ports/log.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import type { Key } from "../../record/key.ts";
import { Refusals } from "../../state/refusals.ts";
import type { TaskContext } from "./task_context.ts";

/** A task as its letters tell of it. */
interface Writer {
  readonly id: string;
  readonly epoch: number;
  readonly complete: boolean;
  readonly source: { newestOf(key: Key): Position | null };
}

/** What a task could not process becomes dead letters in its name, and what of it is mended is said to be resolved. */
export function createRefusals(
  task: Writer,
  { context, keyColumns }: { readonly context: TaskContext; readonly keyColumns: KeyColumns },
): Refusals {
  const maker = { task: task.id, epoch: task.epoch };
  return new Refusals({
    columns: () => (typeof keyColumns === "function" ? keyColumns() : keyColumns).map(({ name }) => name),
    refused(refusal) {
      const position = refusal.key === null ? null : task.source.newestOf(refusal.key);
      const occasion = task.complete || position !== null ? null : "start";
      context.letters.callback({ ...maker, ...refusal, position, occasion });
    },
    mended: (mended) => context.letters.mended({ ...maker, ...mended }),
  });
}
