import { systemClock } from "../../adapters/local/system_clock.ts";
import { hidesAnything, masked, maskedKey } from "../../record/mask.ts";
import type { Runner } from "../../runtime/runner.ts";
import { type InstanceAnswer, mergeAnswers, type MergedAnswer } from "../../runtime/stores/merge_answers.ts";
import { readStore, type StoreAnswer } from "../../runtime/stores/read_store.ts";
import type { StoreSpec } from "../../runtime/stores/store.ts";
import type { StoreQuery } from "../../runtime/stores/store_query.ts";
import { askOthers } from "../instances/ask_others.ts";
import { type GatheredAnswer, gatheredOf } from "./gathered_answer.ts";
import { KEY_PARAMETERS, storePath } from "./store_question.ts";

/** What is asked, and of whom. */
export interface Gathering {
  readonly topology: string;
  readonly runner: Pick<Runner, "others">;
  readonly store: StoreSpec;
  readonly query: StoreQuery;
  /** Only what this instance has. */
  readonly local: boolean;
  /** Where this instance is, for people. */
  readonly instance: string;
  readonly password: string | null;
}

/**
 * What this instance has of the answer and, where that is not all, what the others have.
 * @throws TypeError for what cannot be asked of the store
 */
export async function gatherAnswer(gathering: Gathering): Promise<GatheredAnswer> {
  const { topology, runner, store, query, local, instance } = gathering;
  const own = { instance, answer: await read(store, query) };
  const merged = mergeAnswers([own], query.limit);
  const others = local || isWhole(merged) ? [] : runner.others();
  const asked = await askOthers(others, {
    path: storePath(topology, store.name),
    parameters: parametersOf(query),
    password: gathering.password,
    // 421: it has nothing of it either, and says so.
    statuses: [200, 421],
    read: (text) => gatheredOf(text).answer,
  });
  const answers = asked.flatMap((reply): InstanceAnswer[] => "answer" in reply ? [reply] : []);
  return {
    topology,
    answer: mergeAnswers([own, ...answers], query.limit),
    unanswered: asked.flatMap((reply) => "problem" in reply ? [reply] : []),
  };
}

/** Whether everything is here that there is of the store. */
export function isWhole({ missing, parts }: MergedAnswer): boolean {
  return missing.length === 0 && parts.every(({ state }) => state === "running");
}

async function read(store: StoreSpec, query: StoreQuery): Promise<StoreAnswer> {
  const reading = readStore(store, query);
  for (;;) {
    const step = reading.next();
    if (step.done) return shown(step.value, store);
    await systemClock.breathe();
  }
}

/** What leaves the instance has nothing that is masked, whoever asks. */
function shown(answer: StoreAnswer, { mask }: StoreSpec): StoreAnswer {
  if (mask === null) return answer;
  return {
    ...answer,
    rows: answer.rows.map(({ partition, key, value }) => ({
      partition,
      key: maskedKey(key, mask.key),
      value: masked(value, mask.row),
    })),
    // A key of which a column is hidden names nothing behind which one could go on.
    ...hidesAnything(mask.key) ? { next: null, cut: answer.next !== null } : {},
  };
}

function parametersOf(query: StoreQuery): Record<string, string> {
  const given = KEY_PARAMETERS.flatMap((parameter) => {
    const value = query[parameter];
    return value === undefined ? [] : [[parameter, String(value)]];
  });
  return { ...Object.fromEntries(given), limit: String(query.limit), local: "true", wire: "true" };
}
