import { ConfigError } from "../../record/errors.ts";
import { passwordHeaders } from "../bearer.ts";
import type { Configuration } from "../config/configuration.ts";
import { refusalIn } from "../store/ask_instance.ts";
import { type Instances, instancesOf } from "../store/store_instances.ts";
import { LETTERS_PATH } from "./letter_routes.ts";
import type { LetterResult, ReplayAnswer } from "./letter_answers.ts";
import type { EditOf } from "./replay_letters.ts";

/** Who replays: the instance named, or the one that runs here. @throws ConfigError when nothing runs here */
export function replayingInstance(configuration: Configuration, url: string | undefined): Promise<Instances> {
  return instancesOf(configuration, {
    urls: url === undefined ? undefined : [url],
    why: "a replay of dead letters",
    since: "only what runs can tell whether a record can be read now",
  });
}

/**
 * Replays letters through an instance.
 * @throws ConfigError when it does not answer, or says that it cannot
 */
export async function askReplay(
  { urls: [url], password }: Instances,
  asked: { readonly ids: readonly string[]; readonly edit: EditOf | null },
): Promise<readonly LetterResult[]> {
  const body = JSON.stringify({ ids: asked.ids, ...(asked.edit === null ? {} : { edit: asked.edit }) });
  const request = { method: "POST", headers: passwordHeaders(password), body, redirect: "error" } as const;
  const response = await fetch(new URL(`${LETTERS_PATH}/replay`, url), request).catch((error) => {
    throw new ConfigError([
      `Cannot ask the instance at ${url}: ${
        (error as Error).message
      }. Start one, or name another with --url. What was ` +
      "under way can be replayed again: nothing counts twice",
    ], { cause: error });
  });
  const text = await response.text();
  if (response.ok) return (JSON.parse(text) as ReplayAnswer).results;
  throw new ConfigError([refusalIn({ status: response.status, text })]);
}
