import type { Registry } from "../../adapters/schema_registry/registry.ts";
import { codecOf } from "../../adapters/schema_registry/schema_cache.ts";
import { HEADER_BYTES, schemaIdOf } from "../../adapters/schema_registry/topic_decoder.ts";
import type { Bytes } from "../../ports/log.ts";
import { rowDoc } from "../../formats/connect_schema.ts";
import type { ConnectField } from "../../record/connect_field.ts";
import { commentLines } from "./database_table.ts";
import type { PlacedRecord } from "./newest_records.ts";
import type { PulledTable, RefusedTable } from "./pulled_table.ts";
import { schemaColumns } from "./schema_columns.ts";
import { jsonKey, textOf } from "./shown_table.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** A part of a record, which has no schema of a registry or one. */
type Part = { readonly field: ConnectField } | { readonly why: string } | null;

/**
 * A topic whose values are written through a registry, as the schema of its newest record tells, or, without records,
 * the newest version of its subject (`<topic>-value`). Null for a topic of which neither is there. `registry` null:
 * none is configured.
 * @throws ProductionError when the registry cannot be asked
 */
export async function registryTable(
  registry: Registry | null,
  { topic, records }: { readonly topic: string; readonly records: readonly PlacedRecord[] },
): Promise<PulledTable | RefusedTable | null> {
  const title = topic.split(".").slice(-2).join(".");
  const newest = records.map(({ record }) => record).toSorted((a, b) => b.timestampMs - a.timestampMs);
  const value = newest.find(({ value }) => schemaIdOf(value) !== null)?.value ?? null;
  if (registry === null) {
    return value === null
      ? null
      : { title: topic, why: "its records are written through a schema registry: set SCHEMA_REGISTRY_URL" };
  }
  // Records that have no schema of a registry are what they show.
  const part = value === null && newest.some(({ value }) => value !== null)
    ? null
    : await partOf(registry, { subject: `${topic}-value`, bytes: value });
  if (part === null) return null;
  if ("why" in part) return { title: topic, why: part.why };
  const written = newest.find(({ key }) => key !== null)?.key ?? null;
  const keys = written !== null && schemaIdOf(written) === null
    ? null
    : await partOf(registry, { subject: `${topic}-key`, bytes: written });
  if (keys !== null && "why" in keys) return { title: topic, why: keys.why };
  const key = keys === null ? jsonKey(textOf(written)) : schemaKey(keys.field);
  if ("why" in key) return { title: topic, why: key.why };
  if (part.field.type !== "struct") return { title: topic, why: `its values are no rows, but ${part.field.type}` };
  const { columns, leftOut } = schemaColumns(part.field);
  return {
    ...{ topic, title, key: key.columns, columns, leftOut },
    comments: commentLines(rowDoc(part.field) ?? null),
    registry: keys === null ? "values" : "all",
  };
}

async function partOf(
  registry: Registry,
  { subject, bytes }: { readonly subject: string; readonly bytes: Bytes | null },
): Promise<Part> {
  const id = schemaIdOf(bytes);
  const schema = id === null ? (await registry.latest(subject))?.schema ?? null : await registry.schema(id);
  if (schema === null) {
    return id === null ? null : { why: `the registry does not have its schema, id ${id} (${subject})` };
  }
  try {
    const codec = codecOf(schema);
    // A file of Protobuf has several messages, and the record says which.
    const read = bytes === null ? codec : codec.read((bytes as Uint8Array).subarray(HEADER_BYTES), NOTHING);
    return { field: read.field };
  } catch (error) {
    return { why: `its schema (${subject}) cannot be used: ${(error as Error).message}` };
  }
}

function schemaKey(field: ConnectField): { readonly columns: readonly string[] } | { readonly why: string } {
  return field.type === "struct"
    ? { columns: (field.fields ?? []).map(({ field }) => field!) }
    : { why: `its keys are one value (${field.type}), and of which column nobody can tell: declare it by hand` };
}
