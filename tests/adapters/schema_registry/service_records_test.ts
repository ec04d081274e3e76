import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { codecOf, SchemaCache } from "../../../src/adapters/schema_registry/schema_cache.ts";
import { TopicDecoder } from "../../../src/adapters/schema_registry/topic_decoder.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import { debezium, float8, int8, numeric, timestamptz } from "../../../src/mod.ts";
import type { EncodedTopic } from "../../../src/ports/schemas.ts";
import { type Registered, SmallRegistry } from "./small_registry.ts";
import { registryAt } from "./support.ts";

const folder = new URL("../../fixtures/registry/service/", import.meta.url);

interface Written {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string;
}

/** The records of a topic as JSON, as a reader of the log has them. */
async function decoded(form: EncodedTopic): Promise<{ readonly key: unknown; readonly value: unknown }[]> {
  await using server = new SmallRegistry();
  const all = JSON.parse(await Deno.readTextFile(new URL("schemas.json", folder))) as Record<string, Registered[]>;
  for (const [subject, versions] of Object.entries(all)) for (const one of versions) server.register(subject, one);
  const lines = (await Deno.readTextFile(new URL("records.jsonl", folder))).trim().split("\n");
  const records = lines.map((line) => JSON.parse(line) as Written).filter(({ topic }) => topic === form.topic);
  const registry = registryAt(server.url);
  const cache = new SchemaCache(registry);
  const decoder = new TopicDecoder(form, cache);
  const found: { readonly key: unknown; readonly value: unknown }[] = [];
  for (const [offset, { key, value }] of records.entries()) {
    const bytes = (text: string | null) => text === null ? null : Uint8Array.fromBase64(text);
    const record = { offset, timestampMs: 0, key: bytes(key), value: bytes(value) };
    let read = decoder.decode(record);
    while ("schema" in read) {
      await cache.ask(read.schema);
      read = decoder.decode(record);
    }
    if ("problem" in read) throw new TypeError(read.problem);
    found.push(read.record);
  }
  registry.close();
  return found;
}

Deno.test("records of a service's JSON Schema serializer are rows of a table, exactly", async () => {
  const orders = debezium("shop.orders", {
    key: ["id"],
    registry: "all",
    row: z.object({
      id: int8(),
      // The serializer leaves nulls out.
      note: z.string().nullish(),
      total: numeric(),
      rate: float8(),
      weight: float8(),
      paid: z.boolean(),
      tags: z.array(z.string()).nullish(),
      counts: z.record(z.string(), z.int()).nullish(),
      at: timestamptz().nullish(),
    }),
  });
  const { name: source, key, row, format } = orders.spec;
  const decoder = createDecoder({ source, key, row, format });
  const form = { topic: "shop.orders", key: "with_schema", value: "with_schema", nullable: [], keyed: true } as const;
  const rows = (await decoded(form)).map((record) => {
    const change = decoder.decode(record as never);
    return change.kind === "upsert" ? [String(change.key), { ...change.row, total: String(change.row.total) }] : change;
  });
  const left = { note: undefined, tags: undefined, counts: undefined, at: undefined };
  assertEquals(rows, [
    ["9007199254740993", {
      ...{ id: 9007199254740993n, note: "Grüße 😀", rate: 0.1, weight: 0.1, paid: true, tags: ["a", ""] },
      ...{ counts: { x: 1 }, at: 1_704_067_200_123_456, total: "1.50" },
    }],
    ["9007199254740993", {
      ...{ id: 9007199254740993n, rate: 0, weight: 0, paid: false, ...left },
      total: "12345678901234567890123456789012345678",
    }],
  ]);
});

Deno.test("messages of a service's Protobuf serializer are read by the type that they name", async () => {
  const form = { topic: "shop.messages", key: null, value: "json", nullable: [], keyed: false } as const;
  const values = (await decoded(form)).map(({ value }) => String(value));
  assertEquals(values.slice(0, 3).map((value) => value.replaceAll(/,"(?=\w+":)/g, ', "')), [
    '{"id":9007199254740993, "big":18446744073709551615, "signed":-9223372036854775808, "fixed":-1, "rate":0.1, ' +
    '"weight":0.1, "paid":true, "raw":"AP8=", "tags":["a",""], "kind":"PAID", "at":1704067200123456, "count":7, ' +
    '"place":{"city":"Bonn"}, "note":"Grüße 😀"}',
    '{"id":1, "big":0, "signed":0, "fixed":0, "rate":0, "weight":0, "paid":false, "raw":"", "tags":[], ' +
    '"kind":"NEW", "at":null, "count":null, "place":null, "note":null}',
    '{"id":0, "big":0, "signed":0, "fixed":0, "rate":0, "weight":0, "paid":false, "raw":"", "tags":[], ' +
    '"kind":"NEW", "at":null, "count":0, "place":null, "note":""}',
  ]);
  assertEquals(values[3], '{"x":5}');
});

const TWO = `syntax = "proto3"; message Ab { int32 x = 1; } message Outer { message Inner { int32 y = 1; } }
message Other { message Inner { int32 z = 1; } }`;
const NOTHING: ReadonlySet<string> = new Set();

Deno.test("a message that names its type is told from indexes of types, and refused where it may be both", () => {
  const read = (text: string, bytes: readonly number[]) =>
    codecOf({ type: "PROTOBUF", text, references: new Map() }).read(Uint8Array.from(bytes), NOTHING).text;
  const named = (name: string, ...body: readonly number[]) => {
    const letters = [...new TextEncoder().encode(name)];
    return [letters.length + 2, 0x0a, letters.length, ...letters, ...body];
  };
  assertEquals(read(TWO, named("Ab", 8, 5)), '{"x":5}');
  assertEquals(read(TWO, [2, 2]), "{}", "the index 1");
  assertEquals(read(TWO, [4, 2, 0, 8, 9]), '{"y":9}', "within 1 the index 0");
  for (const [name, said] of [["Nobody", "no message of the index 5"], ["Inner", "several types"]]) {
    assertThrows(() => read(TWO, named(name)), Error, said);
  }
  // Six types, of which the last one has two inside: as indexes, 4 10 2 is the second of these.
  const six = 'syntax = "proto3"; message A {} message B {} message C {} message D {} message Xy {} ' +
    "message F { message G {} message H { int32 x = 15; } }";
  assertThrows(() => read(six, named("Xy")), Error, "both");
});
