import { wireEquals } from "../../src/record/wire.ts";
import { type InstanceAnswer, mergeAnswers, type MergedAnswer } from "../../src/runtime/stores/merge_answers.ts";
import { read } from "../runtime/stores/store_of.ts";
import type { Truth } from "./judge.ts";
import type { Instance } from "./process.ts";

const ROWS_MAX = 1_000_000;
const DIFFERENCES_MAX = 5;

/** What is asked, and what must be said. */
interface Asked {
  readonly instances: readonly Pick<Instance, "owner" | "runner">[];
  readonly truth: Truth;
}

/**
 * Compares what all instances say together of the stores of the sources with their rows; to be asked at rest. Of a
 * table of which some last changes cannot be read nothing is compared. Returns how the first differs, or null.
 */
export function storesDifferenceOf({ instances, truth }: Asked): string | null {
  const stale = new Set(instances.flatMap(({ runner }) => runner.status().stale.map(({ table }) => table)));
  for (const [name, rows] of truth) {
    const answer = answerOf(instances, name);
    if (answer === null || stale.has(name)) continue;
    const states = answer.parts.filter(({ state, lag }) => state !== "running" || lag !== 0);
    if (answer.missing.length > 0 || states.length > 0) {
      return `store ${name} at rest lacks ${answer.missing.join()}, and says ${JSON.stringify(states)}`;
    }
    const left = new Map(rows);
    const wrong = answer.rows.filter(({ key, value }) => {
      const row = left.get(key.id as number);
      left.delete(key.id as number);
      return row === undefined || !Object.entries(value as object).every(([name, is]) => wireEquals(row[name], is));
    });
    const lines = [
      ...wrong.map(({ value }) => `store ${name} has ${JSON.stringify(value)}, which is wrong`),
      ...[...left.keys()].map((id) => `store ${name} lacks ${id}`),
    ];
    if (lines.length > 0) return lines.slice(0, DIFFERENCES_MAX).join("\n");
  }
  return null;
}

/** Null if the topology has no such store. */
function answerOf(instances: Asked["instances"], name: string): MergedAnswer | null {
  const answers = instances.flatMap(({ owner, runner }): InstanceAnswer[] => {
    const store = runner.stores().find((one) => one.name === name);
    return store === undefined ? [] : [{ instance: owner.name, answer: read(store, { limit: ROWS_MAX }) }];
  });
  return answers.length === 0 ? null : mergeAnswers(answers, ROWS_MAX);
}
