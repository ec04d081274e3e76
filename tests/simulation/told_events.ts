import { topic } from "../../src/mod.ts";
import { type EventOrigin, isRepeat, originIn } from "../../src/record/event_origin.ts";
import { readHeaders } from "../../src/record/headers.ts";
import type { SimulatedLog } from "./simulated_log.ts";

/** Each click, or each part of one, as a topic for others has it. */
export const told = topic("sim.told", { key: "json", retention: "forever" });
/** Each growth of a count: what a stage makes. */
export const toldGrowth = topic("sim.told_growth", { retention: "forever" });

/** The same once more, for consumers that need not know of repeats. */
export const toldOnce = topic("sim.told_once", { key: "json", retention: "forever", guarantee: "exactly_once" });
export const growthOnce = topic("sim.growth_once", { retention: "forever", guarantee: "exactly_once" });

/** What a reader has of a topic, and what it finds wrong. */
export interface Told {
  /** Values of the records, each event once: whatever is not behind the last one of its source is known. */
  readonly values: readonly string[];
  /** Records that are no repeats, and not behind the last one either; or repeats that differ. */
  readonly wrong: readonly string[];
}

/**
 * Reads a topic as a consumer does that drops repeats by their origin: of one partition of a source what comes first is
 * in its order in each partition, and what comes again is the same.
 */
export function readTold({ topics }: SimulatedLog, name: string): Told {
  const values: string[] = [];
  const wrong: string[] = [];
  for (const [partition, { records }] of (topics.get(name)?.partitions ?? []).entries()) {
    const last = new Map<string, readonly [number, number]>();
    const known = new Map<string, string>();
    for (const { key, value, headers } of records) {
      const origin = readHeaders(headers)["weir-origin"]!;
      const [, source, offset, index] = /^(.*)\/(\d+)\/(\d+)$/.exec(origin)!;
      const text = `${key} ${value}`;
      const [lastOffset, lastIndex] = last.get(source) ?? [-1, -1];
      const isNew = Number(offset) > lastOffset || (Number(offset) === lastOffset && Number(index) > lastIndex);
      if (isNew) {
        last.set(source, [Number(offset), Number(index)]);
        known.set(origin, text);
        values.push(String(value));
      } else if (known.get(origin) !== text) {
        wrong.push(`${name}/${partition} has ${text} of ${origin} behind ${lastOffset}/${lastIndex}`);
      }
    }
  }
  return { values, wrong };
}

/**
 * Reads a topic as a consumer does that reads committed records alone, takes them as they come, and knows nothing of
 * origins. These are looked at by the judge: of one partition of a source they grow.
 */
export function readOnce({ topics, progress: { transactions } }: SimulatedLog, name: string): Told {
  const values: string[] = [];
  const wrong: string[] = [];
  for (const [partition, stored] of (topics.get(name)?.partitions ?? []).entries()) {
    const end = transactions.firstOpen(stored) ?? stored.end;
    const last = new Map<string, EventOrigin>();
    for (const { value, headers } of stored.records.filter(({ offset }) => offset < end)) {
      const origin = originIn(readHeaders(headers))!;
      const before = last.get(origin.source);
      if (before !== undefined && isRepeat(origin, { last: [before.offset, before.index, -1], at: 0 })) {
        wrong.push(`${name}/${partition} has ${value} of ${JSON.stringify(origin)} behind ${JSON.stringify(before)}`);
      }
      last.set(origin.source, origin);
      values.push(String(value));
    }
  }
  return { values, wrong };
}

/** Partitions of a topic in which committed records wait behind a transaction that is open. */
export function blockedIn({ topics, progress: { transactions } }: SimulatedLog, name: string): number[] {
  return (topics.get(name)?.partitions ?? []).flatMap((stored, partition) =>
    transactions.firstOpen(stored) === null ? [] : [partition]
  );
}
