import type { Configuration } from "../config/configuration.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { runningInstances } from "../running_instances.ts";

/** Whom to ask for rows, and with which password. */
export interface Instances {
  readonly urls: readonly string[];
  readonly password: string | null;
}

/** Who is asked. @throws ConfigError when nothing runs here */
export async function instancesOf(
  configuration: Configuration,
  given: readonly string[] | undefined,
): Promise<Instances> {
  const { storePassword, kafka, dataDirectory } = configuration;
  const urls = await runningInstances(configuration, { urls: given, why: "what tasks hold" });
  const password = storePassword?.reveal() ?? null;
  if (password !== null || given !== undefined || kafka !== null) return { urls, password };
  return { urls, password: (await runningAccount(dataDirectory, "reader")).password };
}
