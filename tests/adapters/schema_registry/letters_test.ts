import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { openSchemas } from "../../../src/adapters/schema_registry/schemas.ts";
import { clickhouse, debezium, int8, topology } from "../../../src/mod.ts";
import type { EncodedTopic } from "../../../src/ports/schemas.ts";
import { packHeaders } from "../../../src/record/headers.ts";
import { SchemaCache } from "../../../src/adapters/schema_registry/schema_cache.ts";
import { TopicDecoder } from "../../../src/adapters/schema_registry/topic_decoder.ts";
import { ReplayWorld } from "../../runtime/replays/replay_run.ts";
import { writer } from "./avro_writer.ts";
import { SmallRegistry } from "./small_registry.ts";
import { encoded } from "./support.ts";

const TOPIC = "t.public.things";
const things = debezium(TOPIC, {
  key: ["id"],
  row: z.object({ id: int8(), size: z.int() }),
  registry: "values",
});
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64", size: "Int64" } });
const TABLE = topology("things", (builder) => builder.table(things).to(shown));

const rowSchema = (name: string) => ({
  type: "record",
  name,
  fields: [{ name: "id", type: "long" }, { name: "size", type: "int" }],
});
const LATER = 4_711;

/** A topic whose second record has a schema that is not registered. */
async function opened() {
  const registry = new SmallRegistry();
  const known = writer(registry, { subject: "a", schema: rowSchema("A") });
  const world = await ReplayWorld.open({ [TOPIC]: 1 });
  world.schemas = openSchemas(registry.direct());
  const later = encoded(LATER, known.write({ id: 2n, size: 20 }).subarray(5));
  const records = [known.write({ id: 1n, size: 1 }), later].map((value, index) => ({
    key: `{"id":${index + 1}}`,
    value,
  }));
  await world.log.append([{ topic: TOPIC, partition: 0, records }]);
  await world.start(TABLE);
  return { registry, world };
}

/** The registry has the schema from now on, and what is remembered of its absence is forgotten. */
async function registerLater(registry: SmallRegistry): Promise<void> {
  registry.register("b", { id: LATER, schema: JSON.stringify(rowSchema("B")) });
  await new Promise((resolve) => setTimeout(resolve, 2_100));
}

Deno.test("a record whose schema was missing is replayed when the registry has it", async () => {
  const { registry, world } = await opened();
  const [letter] = world.open();
  assertEquals([letter.reason, letter.offset], ["schema", 1]);
  const [before] = await world.replay([letter]);
  assertEquals(before.outcome, "failed", before.sentence);
  await registerLater(registry);
  const [after] = await world.replay([letter]);
  assertEquals(after.outcome, "replayed", after.sentence);
  assertEquals(world.shown("things"), ['{"id":1,"size":1}', '{"id":2,"size":20}']);
  assertEquals(world.open(), []);
  await world.close();
  await registry[Symbol.asyncDispose]();
});

Deno.test("a record that cannot be read is corrected as a whole, which counts whatever comes later", async () => {
  const { registry, world } = await opened();
  const [letter] = world.open();
  const [refusedEdit] = await world.replay([letter], { set: { size: 7 } });
  assertEquals(refusedEdit.outcome, "failed");
  assertStringIncludes(refusedEdit.sentence, "give the whole value");
  const [result] = await world.replay([letter], { value: '{"after":{"id":2,"size":7},"op":"u"}' });
  assertEquals(result.outcome, "replayed", result.sentence);
  const expected = ['{"id":1,"size":1}', '{"id":2,"size":7}'];
  assertEquals([world.shown("things"), world.open()], [expected, []]);
  await registerLater(registry);
  await world.run.stop();
  await world.start(TABLE);
  await world.pass(3_000);
  assertEquals([world.shown("things"), world.open()], [expected, []]);
  await world.close();
  await registry[Symbol.asyncDispose]();
});

Deno.test("ids in headers, and of eight bytes, are told with the setting of Apicurio's converter", async () => {
  await using registry = new SmallRegistry();
  const topic: EncodedTopic = { topic: TOPIC, key: "with_schema", value: "with_schema", nullable: [], keyed: true };
  const decoder = new TopicDecoder(topic, new SchemaCache(registry.direct()));
  const read = (value: Uint8Array, headers?: Uint8Array) => {
    const decoded = decoder.decode({
      ...{ offset: 0, timestampMs: 0, key: null, value },
      ...headers === undefined ? {} : { headers },
    });
    return "record" in decoded ? String(decoded.record.value) : "";
  };
  const headers = packHeaders({ "apicurio.value.contentId": "6", "apicurio.value.encoding": "BINARY" });
  assertStringIncludes(read(Uint8Array.of(6, 2, 20), headers), "apicurio.registry.headers.enabled=false");
  assertStringIncludes(read(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 6, 2, 20)), "apicurio.registry.as-confluent=true");
  assertEquals(
    read(new TextEncoder().encode('{"after":null}'), headers),
    "123,34,97,102,116,101,114,34,58,110,117,108,108,125",
  );
  decoder.keyId = 3;
  const foreign = decoder.decode({ offset: 0, timestampMs: 0, key: Uint8Array.of(6), value: null, headers });
  assertStringIncludes("problem" in foreign ? foreign.problem : "", "apicurio.registry.headers.enabled=false");
});
