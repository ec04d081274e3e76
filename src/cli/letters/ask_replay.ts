import type { StoredLetter } from "../../adapters/local/stored_letters.ts";
import type { Configuration } from "../config/configuration.ts";
import { askedText } from "../instances/asked_text.ts";
import { type Instances, instancesOf } from "../store/store_instances.ts";
import { LETTERS_PATH } from "./letter_routes.ts";
import type { LetterPage, LetterResult, ReplayAnswer } from "./letter_answers.ts";
import type { EditOf } from "./replay_letters.ts";

/** Letters of one answer: each may have a record of 64 KiB. */
const PAGE = 500;
/** As many letters as one request may name, of which each may wait for its task. */
const REPLAY_MS = 30 * 60_000;

/** Which letters; all of what is given must be the same. */
export interface LetterChoice {
  readonly topology?: string;
  readonly reason?: string;
  readonly operator?: string;
}

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
  const text = await askedText(url, {
    ...{ path: `${LETTERS_PATH}/replay`, password, body, answerMs: REPLAY_MS },
    elseKnown: "What was under way can be replayed again: nothing counts twice",
  });
  return (JSON.parse(text) as ReplayAnswer).results;
}

/** A letter as an instance has it, whose ids are its own. @throws ConfigError when it does not answer, or has none */
export async function askLetter(instance: Instances, id: string): Promise<StoredLetter> {
  return await answerOf(instance, { path: `${LETTERS_PATH}/${id}` }) as StoredLetter;
}

/** Ids of the open letters that an instance has, the newest first. @throws ConfigError when it does not answer */
export async function askOpenIds(
  instance: Instances,
  { topology, reason, operator }: LetterChoice,
): Promise<string[]> {
  const ids: string[] = [];
  let next: string | null = null;
  do {
    const given = { topology, reason, operator, after: next ?? undefined, state: "open", limit: String(PAGE) };
    const parameters = Object.fromEntries(
      Object.entries(given).flatMap(([name, text]) => text === undefined ? [] : [[name, text]]),
    );
    const page = await answerOf(instance, { path: LETTERS_PATH, parameters }) as LetterPage;
    ids.push(...page.letters.map(({ id }) => id));
    next = page.next;
  } while (next !== null);
  return ids;
}

async function answerOf(
  { urls: [url], password }: Instances,
  asked: { readonly path: string; readonly parameters?: Readonly<Record<string, string>> },
): Promise<unknown> {
  return JSON.parse(await askedText(url, { ...asked, password }));
}
