import type { Configuration } from "../config/configuration.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { runningInstances, type WhomToAsk } from "../running_instances.ts";

/** Whom to ask, and with which password. */
export interface Instances {
  readonly urls: readonly string[];
  readonly password: string | null;
}

/** Who is asked. @throws ConfigError when nothing runs here */
export async function instancesOf(
  configuration: Configuration,
  asked: WhomToAsk,
): Promise<Instances> {
  const { storePassword, kafka, dataDirectory } = configuration;
  const urls = await runningInstances(configuration, asked);
  const password = storePassword?.reveal() ?? null;
  if (password !== null || asked.urls !== undefined || kafka !== null) return { urls, password };
  return { urls, password: (await runningAccount(dataDirectory, "reader")).password };
}
