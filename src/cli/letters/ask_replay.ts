import { ConfigError } from "../../record/errors.ts";
import { passwordHeaders } from "../bearer.ts";
import { runningAddresses } from "../clickhouse_client.ts";
import type { Configuration } from "../config/configuration.ts";
import { dataArgument } from "../data_option.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { ADDRESS } from "../embedded_directory.ts";
import { reachableHost } from "../http_server.ts";
import { LETTERS_PATH } from "./letter_routes.ts";
import type { EditOf, LetterResult } from "./replay_letters.ts";

/** An instance that runs topologies, and may be asked to replay letters. */
export interface ReplayingInstance {
  readonly url: string;
  readonly password: string | null;
}

/** Who replays: the instance named, or the one that runs here. @throws ConfigError when nothing runs here */
export async function replayingInstance(
  configuration: Configuration,
  url: string | undefined,
): Promise<ReplayingInstance> {
  const { storePassword, kafka, dataDirectory, host, port } = configuration;
  const password = storePassword?.reveal() ?? null;
  if (url !== undefined) return { url, password };
  if (kafka !== null) return { url: `http://${reachableHost(host)}:${port}`, password };
  const running = await runningAddresses(dataDirectory);
  if (running === null) {
    throw new ConfigError([
      `Cannot replay dead letters of "${dataDirectory}": nothing runs there, and only what runs can tell whether a ` +
      `record can be read now. Run deno task start${
        dataArgument(dataDirectory)
      } meanwhile, or name an instance with --url`,
    ]);
  }
  return {
    url: running[ADDRESS.metrics],
    password: password ?? (await runningAccount(dataDirectory, "reader")).password,
  };
}

/**
 * Replays letters through an instance.
 * @throws ConfigError when it does not answer, or says that it cannot
 */
export async function askReplay(
  { url, password }: ReplayingInstance,
  asked: { readonly ids: readonly string[]; readonly edit: EditOf | null },
): Promise<LetterResult[]> {
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
  if (response.ok) return (JSON.parse(text) as { readonly results: LetterResult[] }).results;
  const advice = response.status === 401 || response.status === 403
    ? " Give its password in WEIR_STORE_PASSWORD or _FILE"
    : "";
  throw new ConfigError([`${errorIn(text)}${advice}`]);
}

function errorIn(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly error: unknown }).error);
  } catch {
    return text.trim();
  }
}
