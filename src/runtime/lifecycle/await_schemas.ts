import type { Topology } from "../../dsl/topology.ts";
import { encodedTopics } from "../../plan/encoded_topics.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Ports } from "../ports.ts";

/**
 * The ports with a log that gives the records of a topology's topics as JSON, also of those written through a schema
 * registry: whatever reads them needs not know of it.
 */
export function decodedPorts(ports: Ports, topology: Topology): Ports {
  const topics = encodedTopics(topology);
  if (ports.schemas === undefined || topics.length === 0) return ports;
  const log = ports.schemas.decoded(ports.log, topics);
  return { ...ports, log, decoded: log, process: ports.process ?? ports.log };
}

/**
 * Waits until what must be known of schemas before anything is read is known.
 * @throws ConfigError when that cannot be without a person
 */
export async function awaitSchemas(
  { decoded, clock, onWaiting, stopped }: {
    readonly decoded?: Ports["decoded"];
    readonly clock: Clock;
    readonly onWaiting: (problem: string | null) => void;
    readonly stopped: () => boolean;
  },
): Promise<void> {
  if (decoded === undefined) return;
  const prepared = await retry(() => decoded.prepare(), {
    clock,
    ...SERVICE_WAITS,
    onState: (error) => onWaiting(error?.message ?? null),
    stopped,
  });
  if (prepared === STOPPED) throw new ConfigError(["Stopped while waiting for the schema registry"]);
}

/**
 * What is wrong with tables whose rows come from several topics with keys of a registry: the bytes of a key are others
 * in each topic, so its rows lie in different partitions.
 */
export function encodedKeyProblems(plan: PhysicalPlan, partitions: readonly number[]): string[] {
  return plan.tables.flatMap(({ name, members, index }) => {
    const sources = members.flatMap((member) => member.kind === "source" ? [member.source] : []);
    const encoded = sources.filter(({ registry }) => registry === "all");
    if (encoded.length === 0 || sources.length === 1 || partitions[index] === 1) return [];
    return [
      `Cannot join the tables of ${name} by their keys in ${partitions[index]} partitions: keys of ` +
      `${encoded.map(({ topic }) => `"${topic}"`).join(", ")} are written through a schema registry, with the id of ` +
      "a schema of the topic's own in front, so equal keys lie in different partitions. Give the topics one " +
      "partition, declare all but one with builder.globalTable and join by foreign key, or write keys without a " +
      'registry (key.converter=org.apache.kafka.connect.json.JsonConverter) and declare registry: "values"',
    ];
  });
}
