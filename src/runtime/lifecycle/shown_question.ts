import type { OutputPlan } from "../../plan/outputs_of.ts";
import type { NewerRow, RowSum, Warehouse } from "../../ports/warehouse.ts";
import type { Key } from "../../record/key.ts";
import { DigestSum } from "../outputs/digest_sum.ts";
import { shownKeyOf } from "../outputs/key_line.ts";
import { confirmRemembered, rememberedDigest, takeNewer } from "../task/shown_base.ts";
import type { Task } from "../task/task.ts";
import { slicesOf } from "./by_task.ts";

/** A task that begins with a snapshot, and what this says that one output showed: up to which version, and in sum. */
export interface Asked {
  readonly task: Task;
  readonly epoch: number;
  readonly seq: number;
  readonly sum: RowSum;
}

/** What the question needs of the world. */
export interface QuestionPorts {
  readonly warehouse: Pick<Warehouse, "summed" | "newer">;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
}

/** What was written of a task after its snapshot, and the sum that the older rows must have then. */
interface Answer {
  readonly task: Task;
  readonly expected: DigestSum;
  readonly keys: Key[];
  readonly digests: (number | null)[];
}

/**
 * Asks ClickHouse whether an output shows of these tasks what their snapshots say: in sum of all that is not newer than
 * the snapshot, and one by one of what is newer, whose keys are taken out of the snapshot's sum. Where the sums agree,
 * the task is told what is shown, and it is in the set that this resolves to. Of the others, what is shown must be read
 * row by row. One question for all tasks of a table: it takes as long as for one of them.
 *
 * Rows of one state of the table in one answer, and of another in the other, are found by the sum. A row that was
 * altered by hand is not: that is left to the comparison that comes a minute after the start.
 */
export async function askInSum(
  asked: readonly Asked[],
  output: OutputPlan,
  { warehouse, breathe }: QuestionPorts,
): Promise<ReadonlySet<Task>> {
  const agreed = new Set<Task>();
  if (asked.length === 0) return agreed;
  const { table } = output.sink;
  const watermarks = asked.map(({ task, epoch, seq }) => ({ task: task.id, epoch, seq }));
  const answers = new Map<string, Answer>(
    asked.map(({ task, sum }) => [task.id, { task, expected: new DigestSum(sum), keys: [], digests: [] }]),
  );
  const collect = async () => {
    for await (const rows of warehouse.newer(table, watermarks)) {
      for (const slice of slicesOf(rows)) {
        for (const row of slice) takeOut(answers.get(row.task)!, { output, row });
        await breathe();
      }
    }
  };
  const [sums] = await Promise.all([warehouse.summed(table, watermarks), collect()]);
  // Nothing is told before everything is answered: an answer that breaks off leaves no trace.
  for (const { task, expected, keys, digests } of answers.values()) {
    if (!expected.equals(sums.get(task.id)!)) continue;
    agreed.add(task);
    for (const part of slicesOf(keys.map((key, index) => ({ key, digest: digests[index] })))) {
      takeNewer(task, { output, keys: part.map(({ key }) => key), digests: part.map(({ digest }) => digest) });
      await breathe();
    }
    for (const _ of confirmRemembered(task, output)) await breathe();
    await breathe();
  }
  return agreed;
}

function takeOut(
  { task, expected, keys, digests }: Answer,
  { output, row }: { readonly output: OutputPlan; readonly row: NewerRow },
): void {
  const key = shownKeyOf(output.sink, row.key);
  if (output.kind === "rows" && !task.sinks[output.index].owns(key)) return;
  const digest = rememberedDigest(task, { output, key });
  if (digest !== null) expected.remove(digest);
  keys.push(key);
  digests.push(row.digest);
}
