import { assert, assertEquals } from "@std/assert";
import { SchemaCache } from "../../../src/adapters/schema_registry/schema_cache.ts";
import { TopicDecoder } from "../../../src/adapters/schema_registry/topic_decoder.ts";
import { createDecoder, type Decoded } from "../../../src/formats/decoder.ts";
import type { EncodedTopic } from "../../../src/ports/schemas.ts";
import { DeserializationError } from "../../../src/record/errors.ts";
import { captured, schemas } from "../../formats/fixtures.ts";
import { type Registered, SmallRegistry } from "./small_registry.ts";
import { registryAt } from "./support.ts";

const folder = new URL("../../fixtures/registry/", import.meta.url);

function written(
  file: string,
): { readonly topic: string; readonly key: string | null; readonly value: string | null }[] {
  return Deno.readTextFileSync(new URL(`${file}.jsonl`, folder)).trim().split("\n").map((line) => JSON.parse(line));
}

function bytesOf(base64: string | null): Uint8Array | null {
  return base64 === null ? null : Uint8Array.fromBase64(base64);
}

/** A registry with the schemas that AvroConverter has registered. */
function filledRegistry(): SmallRegistry {
  const registry = new SmallRegistry();
  const registered = JSON.parse(Deno.readTextFileSync(new URL("schemas.json", folder))) as Record<string, Registered[]>;
  for (const [subject, versions] of Object.entries(registered)) {
    for (const version of versions) registry.register(subject, version);
  }
  return registry;
}

/** What is read, or why it is refused. */
function outcome(read: () => Decoded): Decoded | string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DeserializationError)) throw error;
    return error.message;
  }
}

function encodedTopic(topic: string): EncodedTopic {
  return { topic, key: "with_schema", value: "with_schema", nullable: [], keyed: true };
}

for (const file of ["l_schemas_enable", "m2_decimal_precise_schema"]) {
  Deno.test(`records of AvroConverter are read as those of JsonConverter with schemas: ${file}`, async () => {
    await using registry = filledRegistry();
    const asked = registryAt(registry.url);
    const cache = new SchemaCache(asked);
    const originals = captured(file);
    const records = written(file);
    assertEquals(records.length, originals.length);
    let rows = 0;
    for (const [index, { topic, key, value }] of records.entries()) {
      const name = topic.slice(topic.lastIndexOf(".") + 1);
      // AvroConverter writes the default of a nullable column where it is null, and has no setting against it. More
      // digits than any column holds: else no row of the file could be read. And what JsonConverter writes as
      // "NaN" it reads back as 0, so that the file has that.
      const isNoNumber = originals[index].value?.includes('"f4":"NaN"') ?? false;
      const left: Record<string, true> = {
        n_plain: true,
        null_int_def: true,
        ...isNoNumber ? { f4: true, f8: true } : {},
      };
      const options = { source: name, key: ["id"], row: schemas[name].omit(left) };
      const decoder = new TopicDecoder(encodedTopic(topic), cache);
      const record = { offset: index, timestampMs: 0, key: bytesOf(key), value: bytesOf(value) };
      let decoded = decoder.decode(record);
      while ("schema" in decoded) {
        await cache.ask(decoded.schema);
        decoded = decoder.decode(record);
      }
      assert("record" in decoded);
      const original = outcome(() => createDecoder(options).decode(originals[index]));
      assertEquals(
        outcome(() => createDecoder(options).decode(decoded.record)),
        original,
        `record ${index} of ${file}`,
      );
      if (typeof original === "object" && original.kind === "upsert") rows++;
    }
    assert(rows > 4, `${rows} rows`);
    asked.close();
  });
}

Deno.test("keys are written as AvroConverter writes them", async () => {
  await using registry = filledRegistry();
  const asked = registryAt(registry.url);
  const cache = new SchemaCache(asked);
  let compared = 0;
  for (const [index, { topic, key }] of written("l_schemas_enable").entries()) {
    const bytes = bytesOf(key);
    if (bytes === null) continue;
    const id = new DataView(bytes.buffer).getUint32(1);
    await cache.ask(id);
    const decoder = new TopicDecoder(encodedTopic(topic), cache);
    decoder.keyId = id;
    const text = JSON.stringify(JSON.parse(captured("l_schemas_enable")[index].key!).payload);
    assertEquals(decoder.keyBytes(text), bytes);
    compared++;
  }
  assert(compared > 4, `${compared} keys`);
  asked.close();
});
