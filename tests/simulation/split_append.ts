import type { AppendBatch } from "../../src/ports/log.ts";
import type { Choices } from "./choices.ts";

/**
 * The first records, and the others; cut anywhere, or within what is for one partition. A batch that is cut is in both
 * parts.
 */
export function splitAppend(batches: readonly AppendBatch[], choices: Choices): [AppendBatch[], AppendBatch[]] {
  const sizes = batches.map(({ records }) => records.length);
  const within = sizes.flatMap((size, index) => size > 1 ? [index] : []);
  const before = (index: number) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  let left = 1 + choices.below(before(sizes.length) - 1);
  if (within.length > 0 && choices.chance(0.7)) {
    const index = choices.pick(within);
    left = before(index) + 1 + choices.below(sizes[index] - 1);
  }
  const first: AppendBatch[] = [];
  const rest: AppendBatch[] = [];
  for (const batch of batches) {
    const counted = Math.min(left, batch.records.length);
    left -= counted;
    const taken = batch.whole === true && counted < batch.records.length ? 0 : counted;
    if (taken > 0) first.push({ ...batch, records: batch.records.slice(0, taken) });
    if (taken < batch.records.length) rest.push({ ...batch, records: batch.records.slice(taken) });
  }
  return [first, rest];
}

/** For whom the batches are. */
export function partitionsOf(batches: readonly AppendBatch[]): string {
  return batches.map(({ topic, partition }) => `${topic}/${partition}`).join(" ");
}
