import type { Configuration } from "../config/configuration.ts";
import { counted, grouped } from "../numbers.ts";
import { plain } from "../plain_text.ts";
import { UsageError } from "../usage_error.ts";
import { askOpenIds, askReplay, type LetterChoice, replayingInstance } from "./ask_replay.ts";
import { withLetters } from "./open_letters.ts";
import type { LetterResult } from "./letter_answers.ts";
import type { EditOf } from "./replay_letters.ts";

/** Letters of one request. */
const BATCH = 2_000;
const PROGRESS_EVERY_MS = 2_000;
/** Of more letters those that were replayed are counted only. */
const TOLD_MAX = 20;
const LETTERS_MAX = 1_000_000;

/** Which letters are replayed, and how. */
export interface ReplayOptions extends LetterChoice {
  readonly configuration: Configuration;
  /** Empty: all open ones of the choice. */
  readonly ids: readonly string[];
  readonly edit: EditOf | null;
  readonly url?: string;
  readonly json: boolean;
}

/** Replays letters, the oldest first, and says what became of each. Resolves to the status of the process. */
export async function replayAll(options: ReplayOptions): Promise<number> {
  const { configuration, edit, url, json } = options;
  const ids = await idsOf(options);
  if (ids.length === 0) {
    if (!json) console.log("No open dead letters");
    return 0;
  }
  const instance = await replayingInstance(configuration, url);
  const counts = { replayed: 0, refused: 0, failed: 0 };
  let toldMs = Date.now();
  for (let first = 0; first < ids.length; first += BATCH) {
    const results = await askReplay(instance, { ids: ids.slice(first, first + BATCH), edit });
    for (const result of results) {
      counts[result.outcome]++;
      tell(result, { json, many: ids.length > TOLD_MAX });
    }
    if (Date.now() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = Date.now();
    console.error(`${grouped(first + results.length)} of ${counted(ids.length, "letter")} tried`);
  }
  if (!json) {
    const { replayed, refused, failed } = counts;
    console.log(`${grouped(replayed)} replayed, ${grouped(refused)} refused, ${grouped(failed)} failed`);
  }
  return counts.replayed === ids.length ? 0 : 1;
}

async function idsOf({ configuration, ids, url, ...options }: ReplayOptions): Promise<readonly string[]> {
  if (ids.length > 0) return ids;
  const { topology, reason, operator } = options;
  const choice: LetterChoice = { topology, reason, operator };
  if (Object.values(choice).every((text) => text === undefined)) {
    throw new UsageError([
      "Cannot replay nothing: name letters by their ids, or give --reason, --operator or --topology",
    ]);
  }
  // Another instance may have letters of its own under the same ids.
  if (url !== undefined) {
    return (await askOpenIds(await replayingInstance(configuration, url), choice)).reverse();
  }
  const which = { ...choice, state: "open", limit: LETTERS_MAX } as const;
  return await withLetters(configuration.dataDirectory, ({ stored }) => stored.ids(which));
}

function tell(result: LetterResult, { json, many }: { readonly json: boolean; readonly many: boolean }): void {
  const { id, outcome, sentence } = result;
  if (json) console.log(JSON.stringify(result));
  else if (outcome !== "replayed" || !many) console.log(plain(`${id}  ${outcome}: ${sentence}`));
}
