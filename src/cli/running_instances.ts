import { ConfigError } from "../record/errors.ts";
import { runningAddresses } from "./clickhouse_client.ts";
import type { Configuration } from "./config/configuration.ts";
import { dataArgument } from "./data_option.ts";
import { ADDRESS } from "./embedded_directory.ts";
import { reachableHost } from "./http_server.ts";

/**
 * Where instances are that can be asked: those given, or the one that runs here. `why`: completes "Cannot ask for
 * ... on".
 * @throws ConfigError when nothing runs here
 */
export async function runningInstances(
  { kafka, dataDirectory, host, port }: Configuration,
  { urls, why }: { readonly urls: readonly string[] | undefined; readonly why: string },
): Promise<readonly string[]> {
  if (urls !== undefined) return urls;
  if (kafka !== null) return [`http://${reachableHost(host)}:${port}`];
  const running = await runningAddresses(dataDirectory);
  if (running !== null) return [running[ADDRESS.metrics]];
  const start = `deno task start${dataArgument(dataDirectory)}`;
  throw new ConfigError([
    `Cannot ask for ${why} on "${dataDirectory}": nothing runs there, and that is in memory. Run ${start} ` +
    "meanwhile, or name an instance with --url",
  ]);
}

/** Addresses with commas between them; null for anything else. */
export function readUrls(text: string): readonly string[] | null {
  const urls = text.split(",").map((url) => url.trim());
  return urls.every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) ? urls : null;
}
