import type { ConnectField } from "../../record/connect_field.ts";
import type { Bytes, LogRecord } from "../../ports/log.ts";
import { type EncodedTopic, unreadable } from "../../ports/schemas.ts";
import { readHeaders } from "../../record/headers.ts";
import type { Payload } from "./codec.ts";
import type { SchemaCache } from "./schema_cache.ts";

/** Byte 0, then the schema's id in four bytes. */
export const HEADER_BYTES = 5;

/** Why a record cannot be given on yet: its schema must be asked for, or nothing but a person's act helps. */
export type Waiting = { readonly schema: number } | { readonly problem: string };

/** A record as JSON, or why it waits. */
export type DecodedRecord = { readonly record: LogRecord } | Waiting;

const encoder = new TextEncoder();

/** Turns the records of one topic into JSON. */
export class TopicDecoder {
  readonly topic: EncodedTopic;
  /** The only schema of keys that is read, where there are several partitions; null where it does not matter. */
  keyId: number | null = null;
  readonly #cache: SchemaCache;
  readonly #nullable: ReadonlySet<string>;
  readonly #headers = new WeakMap<ConnectField, string>();

  constructor(topic: EncodedTopic, cache: SchemaCache) {
    this.topic = topic;
    this.#cache = cache;
    this.#nullable = new Set(topic.nullable);
  }

  decode(record: LogRecord): DecodedRecord {
    const { key: keyForm, value: valueForm } = this.topic;
    let { key, value } = record;
    if (keyForm !== null && key !== null) {
      const foreign = this.#foreignKey(key, record);
      if (foreign !== null) return { problem: foreign };
      const decoded = this.#decoded(key, { form: keyForm, record });
      if (typeof decoded === "object" && "schema" in decoded) return decoded;
      key = decoded;
    }
    if (valueForm !== "bytes" && value !== null) {
      const decoded = this.#decoded(value, { form: valueForm, record });
      if (typeof decoded === "object" && "schema" in decoded) return decoded;
      value = decoded;
    }
    const written = value === record.value || record.value === null ? {} : { written: record.value };
    return { record: { ...record, key, value, ...written } };
  }

  /** The bytes of a key that JsonConverter would write as this text. */
  keyBytes(text: string): Bytes {
    const id = this.keyId;
    const known = id === null ? null : this.#cache.find(id);
    if (id === null || known === null || "problem" in known) return text;
    try {
      const body = known.codec.write(parsedExactly(text));
      const bytes = new Uint8Array(HEADER_BYTES + body.length);
      new DataView(bytes.buffer).setUint32(1, id);
      bytes.set(body, HEADER_BYTES);
      return bytes;
    } catch {
      // The topic has no such key, wherever it is looked for.
      return text;
    }
  }

  #foreignKey(key: Bytes, { headers }: LogRecord): string | null {
    if (this.keyId === null) return null;
    const id = idOf(bytesOf(key));
    if (id === this.keyId) return null;
    const { topic } = this.topic;
    const named = id === null ? idInHeaders(headers) : null;
    if (named !== null) return `Cannot read a record of "${topic}": ${named}`;
    return `Cannot read a record of "${topic}" whose key is written ${
      id === null ? "without a schema" : `with the schema ${id}`
    }, as others are written with the schema ${this.keyId}: the same key has other bytes then, and so lies in ` +
      `another partition, and of its two rows nobody could tell which one is newer. ${keyAdvice(topic)}`;
  }

  #decoded(
    message: Bytes,
    { form, record: { headers } }: { readonly form: "with_schema" | "json" | "text"; readonly record: LogRecord },
  ): Bytes | { readonly schema: number } {
    const bytes = bytesOf(message);
    if (bytes[0] !== 0) {
      const named = JSON_START.has(bytes[0]) ? null : idInHeaders(headers);
      // JSON is given on as it is.
      return named === null ? message : unreadable(named, bytes);
    }
    const id = idOf(bytes);
    if (id === null) {
      return unreadable(
        "it begins with byte 0, and no id of a schema in four bytes follows (for Apicurio's converters set " +
          "apicurio.registry.as-confluent=true and apicurio.registry.use-id=contentId)",
        bytes,
      );
    }
    const known = this.#cache.find(id);
    if (known === null) return { schema: id };
    if ("problem" in known) return unreadable(idInHeaders(headers) ?? known.problem, bytes);
    try {
      return this.#text(known.codec.read(bytes.subarray(HEADER_BYTES), this.#nullable), form);
    } catch (error) {
      return unreadable(`it cannot be read by its schema (id ${id}): ${(error as Error).message}`, bytes);
    }
  }

  #text({ field, text }: Payload, form: "with_schema" | "json" | "text"): string {
    if (form === "text" && field.type === "string" && text.startsWith('"')) return JSON.parse(text);
    if (form !== "with_schema") return text;
    let header = this.#headers.get(field);
    if (header === undefined) this.#headers.set(field, header = `{"schema":${JSON.stringify(bare(field))},"payload":`);
    return `${header}${text}}`;
  }
}

/** `{`, `[`, `"`: a value of most records that are JSON. */
const JSON_START = new Set([123, 91, 34]);

/** What to do if Apicurio's converter has written the id of the schema into headers; null if it has not. */
function idInHeaders(headers: Uint8Array | undefined): string | null {
  if (headers === undefined) return null;
  const has = Object.keys(readHeaders(headers)).some((name) => /^apicurio\.(?:key|value)\.\w+Id$/.test(name));
  return has
    ? "the id of its schema is in the record's headers, and not before the bytes. Set " +
      "apicurio.registry.headers.enabled=false for key.converter and value.converter, and write the topic anew"
    : null;
}

/** What tells how values are read, and no more: it stands in front of every record, and is compared in each. */
function bare({ type, name, field, parameters, fields, items }: ConnectField): ConnectField {
  const scale = parameters?.scale;
  return {
    ...{ type, name, field, fields: fields?.map(bare) },
    ...scale !== undefined && { parameters: { scale } },
    ...items !== undefined && { items: bare(items) },
  };
}

/** What to do about keys of several schemas. */
export function keyAdvice(topic: string): string {
  return "Let the connector write a topic anew whose keys have one schema (another topic.prefix, or delete " +
    `"${topic}" and take a snapshot), or give the topic one partition`;
}

function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === "string" ? encoder.encode(bytes) : bytes;
}

/** The id of the schema by which a key or value is written; null if it is not of a registry's form. */
export function schemaIdOf(bytes: Bytes | null): number | null {
  return bytes === null || typeof bytes === "string" ? null : idOf(bytes);
}

/** Null if it is not of a registry's form. */
function idOf(bytes: Uint8Array): number | null {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0) return null;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(1) || null;
}

/** Integers beyond 2^53 as bigints. */
function parsedExactly(text: string): unknown {
  const revive = (_name: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context!.source!)
      : value;
  return JSON.parse(text, revive);
}
