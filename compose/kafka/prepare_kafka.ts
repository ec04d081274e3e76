/**
 * The service kafka-init: creates the topics of topics.json, and where users log in the rights of acls.json. Running it
 * again changes only what differs.
 *
 * Environment: KAFKA_BROKERS, KAFKA_REPLICATION_FACTOR; with TLS and SASL also KAFKA_CA_FILE, KAFKA_SASL_USERNAME and
 * KAFKA_SASL_PASSWORD_FILE.
 */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  ConfigResourceTypes,
  Kafka,
  type KafkaConfig,
  logLevel,
  ResourcePatternTypes,
} from "kafkajs";
import { stopTimerSpin } from "../../src/adapters/kafka/protocol/timer_spin.ts";
import { ConfigError, LimitError } from "../../src/record/errors.ts";

export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

interface Rights {
  readonly prefix: string;
  readonly operations: readonly (keyof typeof AclOperationTypes)[];
}

interface WantedAcl {
  readonly user: string;
  readonly topics?: Rights;
  readonly groups?: Rights;
  readonly transactionalIds?: Rights;
}

/** How long a broker may take to remove a topic. */
const DELETION_MS_MAX = 60_000;

/** How to connect, as the environment says. @throws ConfigError naming the variable that is missing */
export function kafkaConfig(environment: Readonly<Record<string, string | undefined>>): KafkaConfig {
  const brokers = environment.KAFKA_BROKERS?.split(",").filter((broker) => broker !== "") ?? [];
  if (brokers.length === 0) throw new ConfigError(["Cannot prepare Kafka: KAFKA_BROKERS is missing"]);
  const { KAFKA_CA_FILE: ca, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD_FILE: file } = environment;
  if ((username === undefined) !== (file === undefined)) {
    throw new ConfigError(["Cannot log in to Kafka: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE go together"]);
  }
  return {
    clientId: "kafka-init",
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries: 10 },
    ...(ca === undefined ? {} : { ssl: { ca: [Deno.readTextFileSync(ca)] } }),
    ...(username === undefined
      ? {}
      : { sasl: { mechanism: "scram-sha-512", username, password: Deno.readTextFileSync(file!).trimEnd() } as const }),
  };
}

/**
 * Creates missing topics and gives those that exist the wanted configuration.
 * @returns what was done, one line each
 * @throws ConfigError when a topic has another number of partitions: its keys would move, so that is never changed here
 */
export async function prepareTopics(
  admin: Admin,
  topics: readonly WantedTopic[],
  { replicationFactor }: { readonly replicationFactor: number },
): Promise<string[]> {
  const done: string[] = [];
  const there = new Set(await admin.listTopics());
  const missing = topics.filter(({ name }) => !there.has(name));
  if (missing.length > 0) {
    await createTopics(admin, missing, { replicationFactor });
    done.push(...missing.map(({ name, partitions }) => `created ${name} with ${partitions} partitions`));
  }
  const existing = topics.filter(({ name }) => there.has(name));
  if (existing.length === 0) return done;
  const { topics: described } = await admin.fetchTopicMetadata({ topics: existing.map(({ name }) => name) });
  const wrong = existing.flatMap(({ name, partitions }) => {
    const current = described.find((topic) => topic.name === name)?.partitions.length;
    return current === partitions ? [] : [`${name} has ${current}, topics.json says ${partitions}`];
  });
  if (wrong.length > 0) {
    throw new ConfigError([
      `Cannot change the number of partitions: ${wrong.join("; ")}. ` +
      "Put the current number into topics.json, or see docs/operations.md",
    ]);
  }
  for (const topic of existing) if (await configure(admin, topic)) done.push(`configured ${topic.name}`);
  return done;
}

/**
 * Creates topics that are not listed. One that was deleted a moment ago is not listed any more, but the broker refuses
 * its name until all of it is gone: asked again until then, as it would be made later by the first who writes, with
 * other settings.
 */
async function createTopics(
  admin: Admin,
  topics: readonly WantedTopic[],
  { replicationFactor }: { readonly replicationFactor: number },
): Promise<void> {
  let missing = topics;
  for (const deadline = Date.now() + DELETION_MS_MAX;;) {
    const created = await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, partitions, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
    const there = new Set(await admin.listTopics());
    missing = missing.filter(({ name }) => !there.has(name));
    if (created || missing.length === 0) return;
    if (Date.now() > deadline) {
      const names = missing.map(({ name }) => name).join(", ");
      const problem = `Cannot create ${names}: the broker has been deleting them for ${DELETION_MS_MAX / 1000} s`;
      throw new LimitError("DELETION_MS_MAX", problem);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Gives the rights, each user those on names that begin with a prefix. Giving them again changes nothing. */
async function prepareAcls(admin: Admin, acls: readonly WantedAcl[]): Promise<void> {
  await admin.createAcls({
    acl: acls.flatMap(({ user, topics, groups, transactionalIds }) => {
      const of = (resourceType: AclResourceTypes, { prefix, operations }: Rights) =>
        operations.map((operation) => ({
          principal: `User:${user}`,
          host: "*",
          resourceType,
          resourceName: prefix,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          operation: AclOperationTypes[operation],
          permissionType: AclPermissionTypes.ALLOW,
        }));
      return [
        ...(topics === undefined ? [] : of(AclResourceTypes.TOPIC, topics)),
        ...(groups === undefined ? [] : of(AclResourceTypes.GROUP, groups)),
        ...(transactionalIds === undefined ? [] : of(AclResourceTypes.TRANSACTIONAL_ID, transactionalIds)),
      ];
    }),
  });
}

/** Whether anything had to be changed. Entries that somebody added by hand are kept. */
async function configure(admin: Admin, { name, config }: WantedTopic): Promise<boolean> {
  const type = ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] });
  const entries = resources[0].configEntries;
  const current = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  if (Object.entries(config).every(([key, value]) => current.get(key) === value)) return false;
  const kept = entries.filter(({ isDefault, configSource }) => !isDefault && configSource === TOPIC_CONFIG);
  const all = {
    ...Object.fromEntries(kept.map(({ configName, configValue }) => [configName, configValue])),
    ...config,
  };
  const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ type, name, configEntries }] });
  return true;
}

/** The protocol's mark of an entry that was set on the topic itself. */
const TOPIC_CONFIG = 1;

async function main(): Promise<number> {
  const environment = Deno.env.toObject();
  const readJson = (file: string) => JSON.parse(Deno.readTextFileSync(new URL(file, import.meta.url)));
  const config = kafkaConfig(environment);
  stopTimerSpin();
  const admin = new Kafka(config).admin();
  await admin.connect();
  try {
    const replicationFactor = Number(environment.KAFKA_REPLICATION_FACTOR ?? 1);
    for (const line of await prepareTopics(admin, readJson("topics.json"), { replicationFactor })) console.log(line);
    if (config.sasl !== undefined) {
      await prepareAcls(admin, readJson("acls.json"));
      console.log("rights given");
    }
    console.log("Kafka is prepared");
    return 0;
  } finally {
    await admin.disconnect();
  }
}

if (import.meta.main) {
  // Explicit: the library may leave timers behind that would keep the process for a while.
  Deno.exit(
    await main().catch((error) => {
      console.error((error as Error).message);
      return 1;
    }),
  );
}
