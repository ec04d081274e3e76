import type { AppendBatch } from "../../src/ports/log.ts";
import type { Choices } from "./choices.ts";

/** Whether there is a place at which to cut: batches that are whole have none within. */
export function canSplit(batches: readonly AppendBatch[]): boolean {
  return cuts(batches).length > 0;
}

/**
 * The first records, and the others; cut anywhere, or within what is for one partition, but never within a batch that
 * is whole. A batch that is cut is in both parts.
 */
export function splitAppend(batches: readonly AppendBatch[], choices: Choices): [AppendBatch[], AppendBatch[]] {
  const sizes = batches.map(({ records }) => records.length);
  const within = batches.flatMap(({ records, whole }, index) => records.length > 1 && whole !== true ? [index] : []);
  const before = (index: number) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  const places = cuts(batches);
  let left = places[choices.below(places.length)];
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

/** How many records may be in the first part. */
function cuts(batches: readonly AppendBatch[]): number[] {
  const places: number[] = [];
  let before = 0;
  for (const { records, whole } of batches) {
    for (let at = 0; at < records.length; at++) {
      if (before + at > 0 && (at === 0 || whole !== true)) places.push(before + at);
    }
    before += records.length;
  }
  return places;
}

/** For whom the batches are. */
export function partitionsOf(batches: readonly AppendBatch[]): string {
  return batches.map(({ topic, partition }) => `${topic}/${partition}`).join(" ");
}
