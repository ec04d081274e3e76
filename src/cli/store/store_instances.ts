import { ConfigError } from "../../record/errors.ts";
import { runningAddresses } from "../clickhouse_client.ts";
import type { Configuration } from "../config/configuration.ts";
import { dataArgument } from "../data_option.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { ADDRESS } from "../embedded_directory.ts";
import { reachableHost } from "../http_server.ts";

/** Whom to ask for rows, and with which password. */
export interface Instances {
  readonly urls: readonly string[];
  readonly password: string | null;
}

/** Who is asked. @throws ConfigError when nothing runs here */
export async function instancesOf(
  configuration: Configuration,
  urls: readonly string[] | undefined,
): Promise<Instances> {
  const { storePassword, kafka, dataDirectory, host, port } = configuration;
  const password = storePassword?.reveal() ?? null;
  if (urls !== undefined) return { urls, password };
  if (kafka !== null) {
    return { urls: [`http://${reachableHost(host)}:${port}`], password };
  }
  const running = await runningAddresses(dataDirectory);
  if (running === null) {
    const start = `deno task start${dataArgument(dataDirectory)}`;
    throw new ConfigError([
      `Cannot ask for what tasks hold on "${dataDirectory}": nothing runs there, and it is in memory. Run ${start} ` +
      "meanwhile, or name an instance with --url",
    ]);
  }
  return {
    urls: [running[ADDRESS.metrics]],
    password: password ?? (await runningAccount(dataDirectory, "reader")).password,
  };
}

/** Addresses with commas between them; null for what is none. */
export function readUrls(text: string): readonly string[] | null {
  const urls = text.split(",").map((url) => url.trim());
  return urls.every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) ? urls : null;
}
