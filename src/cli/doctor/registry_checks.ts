import { schemaIdOf } from "../../adapters/schema_registry/topic_decoder.ts";
import type { Registry } from "../../adapters/schema_registry/registry.ts";
import { codecOf } from "../../adapters/schema_registry/schema_cache.ts";
import type { SourceSpec } from "../../dsl/source.ts";
import type { Bytes, Log } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { counted } from "../numbers.ts";
import { newestRecords, type PlacedRecord } from "../sources/newest_records.ts";
import { type Finding, Findings, reasonOf, type Repair, shell } from "./finding.ts";
import type { Needs } from "./needs.ts";

const RECORDS = 200;

/** What is looked at. */
export interface RegistryLook {
  /** Null: none is configured. */
  readonly registry: Registry | null;
  /** Its first address, without a login. */
  readonly url: string;
  readonly log: Log;
  readonly needs: Needs;
  /** Topics that there are, with their partitions. */
  readonly partitions: ReadonlyMap<string, number>;
}

/** Looks at the schemas of topics that are declared with a registry, and at the newest records. Registers nothing. */
export async function checkRegistry(look: RegistryLook): Promise<readonly Finding[]> {
  const findings = new Findings("registry");
  const { registry, url, needs } = look;
  const declared = [...needs.tables].filter(([, { registry }]) => registry !== undefined);
  if (registry === null) {
    if (declared.length === 0) return [];
    findings.wrong(["reachable", "SCHEMA_REGISTRY_URL"], {
      text: `sources declare a registry (${
        declared.map(([topic]) => topic).join(", ")
      }), and none is configured: set it`,
    });
    return findings.found;
  }
  try {
    await registry.check();
    findings.ok(["reachable", url]);
  } catch (error) {
    findings.wrong(["reachable", url], { text: reasonOf(error) });
    return findings.found;
  }
  for (const [topic, source] of declared) await checkTopic(findings, { ...look, registry, topic, source });
  return findings.found;
}

interface TopicLook extends RegistryLook {
  readonly registry: Registry;
  readonly topic: string;
  readonly source: SourceSpec;
}

async function checkTopic(findings: Findings, look: TopicLook): Promise<void> {
  const { topic, source, partitions } = look;
  try {
    const records = partitions.has(topic) ? await newestRecords(look.log, { topic, most: RECORDS }) : [];
    await checkSchemas(findings, { ...look, records });
    if (source.registry === "all") await checkKeys(findings, { ...look, records });
    await checkCompatibility(findings, look);
  } catch (error) {
    if (!(error instanceof ProductionError)) throw error;
    const refused = error.reason === "setup";
    const said = { text: refused ? `it may not be read: ${reasonOf(error)}` : reasonOf(error) };
    findings.wrong(["rights", topic], said);
  }
}

interface RecordsLook extends TopicLook {
  readonly records: readonly PlacedRecord[];
}

/** Whether the schemas of the newest values can be had and used. */
async function checkSchemas(findings: Findings, { registry, topic, records }: RecordsLook): Promise<void> {
  const subject = `${topic}-value`;
  const ids = idsOf(records.map(({ record }) => record.value));
  const latest = ids.size === 0 ? await registry.latest(subject) : null;
  if (ids.size === 0 && latest === null) {
    return findings.notChecked(["schema", topic], `there is no record of a schema, and no subject "${subject}" yet`);
  }
  const schemas = latest === null
    ? await Promise.all([...ids].map(async (id) => ({ id, schema: await registry.schema(id) })))
    : [latest];
  for (const { id, schema } of schemas) {
    if (schema === null) {
      findings.wrong(["schema", topic], {
        text:
          `the schema of newest records, id ${id}, is not there: they become dead letters. Register it again under ` +
          "this id, or set SCHEMA_REGISTRY_URL to the registry that the producer uses",
      });
      continue;
    }
    try {
      codecOf(schema);
      findings.ok(["schema", topic], `${schema.type}, id ${id}`);
    } catch (error) {
      findings.wrong(["schema", topic], { text: `its schema, id ${id}, cannot be used: ${reasonOf(error)}` });
    }
  }
}

/** Keys of several schemas lie in other partitions, as the schema's id is part of their bytes. */
async function checkKeys(
  findings: Findings,
  { registry, url, topic, partitions, records }: RecordsLook,
): Promise<void> {
  const subject = `${topic}-key`;
  const versions = await registry.versionsOf(subject);
  const ids = [...new Set(versions.map(({ id }) => id))];
  const count = partitions.get(topic) ?? 1;
  const used = idsOf(records.map(({ record }) => record.key));
  if (count === 1) return findings.ok(["key_schema", topic], "one partition, where keys of several schemas are one");
  if (ids.length === 1 && [...used].every((id) => id === ids[0])) {
    return findings.ok(["key_schema", topic], `one, id ${ids[0]}: keys lie by it, and a second one stops a partition`);
  }
  if (ids.length === 0) {
    return findings.wrong(["key_schema", topic], {
      text: `there is no subject "${subject}", and keys lie in ${counted(count, "partition")} by the schema's id: a ` +
        'start waits for it. If keys are JSON, declare registry: "values"',
    });
  }
  // Which of them no key has is known only if the newest ones have one.
  const [only] = used;
  const unused = used.size === 1 ? versions.flatMap(({ id, version }) => id === only ? [] : [version]) : [];
  findings.wrong(["key_schema", topic], {
    text: `keys have ${ids.length > 1 ? `several schemas (ids ${ids.join(", ")})` : "schemas of other subjects"} in ` +
      `${counted(count, "partition")}: the same key lies in several of them, and a start is refused. ` +
      (unused.length > 0
        ? `The newest ${records.length} keys have ${only} alone: delete the others, if no older key has one`
        : "Write the topic anew with keys of one schema"),
    ...unused.length === 0 ? {} : { repair: deletion(url, { subject, versions: unused }) },
  });
}

function deletion(
  url: string,
  { subject, versions }: { readonly subject: string; readonly versions: readonly number[] },
): Repair {
  const paths = versions.map((version) => `'${url}/subjects/${encodeURIComponent(subject)}/versions/${version}'`);
  return shell(`curl -X DELETE ${paths.join(" ")}`);
}

async function checkCompatibility(findings: Findings, { registry, url, topic }: TopicLook): Promise<void> {
  const subject = `${topic}-value`;
  const level = await registry.compatibility(subject);
  if (level !== "NONE") return findings.ok(["compatibility", subject], level);
  findings.warn(["compatibility", subject], {
    text: "it is NONE: the next schema may lack columns or have others of the same name, and its records become dead " +
      "letters. FORWARD keeps what readers know",
    repair: shell(
      "curl -X PUT -H 'content-type: application/vnd.schemaregistry.v1+json' -d '{\"compatibility\":\"FORWARD\"}' " +
        `'${url}/config/${encodeURIComponent(subject)}'`,
    ),
  });
}

function idsOf(parts: readonly (Bytes | null)[]): Set<number> {
  return new Set(parts.flatMap((bytes) => schemaIdOf(bytes) ?? []));
}
