import type { Log } from "../../ports/log.ts";
import type { DecodedLog, EncodedTopic, Schemas } from "../../ports/schemas.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { DecodingReader } from "./decoding_reader.ts";
import { type Registry, setupError } from "./registry.ts";
import { SchemaCache } from "./schema_cache.ts";
import { keyAdvice, TopicDecoder } from "./topic_decoder.ts";

/** Schemas of a registry; null: there is none, and topologies that need one are refused. */
export function openSchemas(registry: Registry | null): Schemas {
  const cache = registry === null ? null : new SchemaCache(registry);
  return {
    decoded: (log, topics) => cache === null ? undecoded(log, topics) : decodedLog(log, { topics, cache }),
  };
}

function decodedLog(
  log: Log,
  { topics, cache }: { readonly topics: readonly EncodedTopic[]; readonly cache: SchemaCache },
): DecodedLog {
  const decoders = new Map(topics.map((topic) => [topic.topic, new TopicDecoder(topic, cache)]));
  return {
    ...delegated(log),
    reader: () => new DecodingReader(log.reader(), { decoders, cache }),
    async prepare() {
      try {
        await cache.registry.check();
        for (const decoder of decoders.values()) await findKeySchema(log, { decoder, cache });
      } catch (error) {
        throw setupError(error);
      }
    },
    keyBytes: (topic, text) => decoders.get(topic)?.keyBytes(text) ?? text,
  };
}

function undecoded(log: Log, topics: readonly EncodedTopic[]): DecodedLog {
  return {
    ...delegated(log),
    prepare: () =>
      Promise.reject(
        new ConfigError([
          `Cannot read topic(s) ${topics.map(({ topic }) => topic).join(", ")}, declared with "registry", without a ` +
          "schema registry: SCHEMA_REGISTRY_URL is missing. Set it",
        ]),
      ),
    keyBytes: (_topic, text) => text,
  };
}

/** Which schema keys are written with, where their partitions depend on it. */
async function findKeySchema(
  log: Log,
  { decoder, cache }: { readonly decoder: TopicDecoder; readonly cache: SchemaCache },
): Promise<void> {
  const { topic: { topic, key, keyed } } = decoder;
  if (key === null || !keyed || decoder.keyId !== null) return;
  const partitions = (await log.topics([topic])).get(topic)?.partitions ?? 1;
  if (partitions === 1) return;
  const subject = `${topic}-key`;
  const ids = await cache.registry.idsOf(subject);
  if (ids.length === 0) {
    throw new ProductionError(
      `The schema registry has no subject "${subject}" yet, which tells how keys of "${topic}" are written and so in ` +
        `which of its ${partitions} partitions they lie: the connector registers it with its first record. If its ` +
        'keys are not written through the registry, declare registry: "values"',
      { retriable: true },
    );
  }
  if (ids.length > 1) {
    throw new ConfigError([
      `Cannot read "${topic}" in ${partitions} partitions: its keys have several schemas (subject "${subject}", ids ` +
      `${
        ids.join(", ")
      }), so the same key has several bytes, lies in several partitions, and of its rows nobody could ` +
      `tell which one is newest. ${keyAdvice(topic)}; then delete the versions of "${subject}" that no key of the ` +
      "topic has",
    ]);
  }
  const [id] = ids;
  if (cache.find(id) === null) await cache.ask(id);
  const known = cache.find(id);
  if (known !== null && "problem" in known) throw new ConfigError([`Cannot read keys of "${topic}": ${known.problem}`]);
  decoder.keyId = id;
}

function delegated(log: Log): Log {
  return {
    ...log.missingTopicAdvice === undefined ? {} : { missingTopicAdvice: log.missingTopicAdvice },
    topics: (names) => log.topics(names),
    createTopic: (topic) => log.createTopic(topic),
    alterTopic: (name, changes) => log.alterTopic(name, changes),
    offsets: (topic) => log.offsets(topic),
    epochEnds: (topic, epochs) => log.epochEnds(topic, epochs),
    truncateBefore: (topic, position) => log.truncateBefore(topic, position),
    append: (batches) => log.append(batches),
    reader: () => log.reader(),
    join: (options) => log.join(options),
    close: () => log.close(),
  };
}
