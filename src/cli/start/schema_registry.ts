import { openRegistry, type Registry } from "../../adapters/schema_registry/registry.ts";
import { openSchemas } from "../../adapters/schema_registry/schemas.ts";
import type { Topology } from "../../dsl/topology.ts";
import { encodedTopics } from "../../plan/encoded_topics.ts";
import type { Log } from "../../ports/log.ts";
import type { Schemas } from "../../ports/schemas.ts";
import type { RegistryConfiguration } from "../config/registry_variables.ts";

/** Schemas of the configured registry, and what ends asking it. */
export function configuredSchemas(
  configuration: RegistryConfiguration | null,
): { readonly schemas: Schemas; close(): void } {
  if (configuration === null) return { schemas: openSchemas(null), close: () => {} };
  const registry = configuredRegistry(configuration);
  return { schemas: openSchemas(registry), close: () => registry.close() };
}

/** The configured registry. */
export function configuredRegistry(configuration: RegistryConfiguration): Registry {
  return openRegistry({
    urls: configuration.urls,
    authorization: () => configuration.authorization()?.reveal() ?? null,
    tls() {
      const { ca, client } = configuration.tls();
      return {
        ...ca === undefined ? {} : { ca },
        ...client === undefined ? {} : { client: { ...client, key: client.key.reveal() } },
      };
    },
  });
}

/**
 * A log that gives what topologies read as JSON.
 * @throws ConfigError when the schemas that they need cannot be had. @throws ProductionError when the registry does not
 * answer
 */
export async function decodedFor(
  log: Log,
  { schemas, topologies }: { readonly schemas: Schemas; readonly topologies: readonly Topology[] },
): Promise<Log> {
  const topics = topologies.flatMap((topology) => encodedTopics(topology));
  if (topics.length === 0) return log;
  const decoded = schemas.decoded(log, topics);
  await decoded.prepare();
  return decoded;
}
