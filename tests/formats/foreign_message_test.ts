import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { int8 } from "../../src/formats/columns.ts";
import { createDecoder, type Decoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { captured, fixtureFiles, schemaOf } from "./fixtures.ts";
import { decode, refusal } from "./support.ts";

const JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter";

/** Names by which refusals call the writers of other messages. */
const WRITERS = ["MongoDB", "CloudEvents", "Maxwell", "Canal", "GoldenGate", "schema registry", "StringConverter"];

const registryBytes = (id: number, rest: readonly number[]) =>
  new Uint8Array([0, id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255, ...rest]);

Deno.test("createDecoder() tells the bytes of a schema registry, with the schema's id and the setting", () => {
  const bytes = registryBytes(200_000, [2, 14, 255]);
  const json = registryBytes(7, [...new TextEncoder().encode('{"id":7}')]);
  const key = new TextEncoder().encode('{"id":7}');
  const cases = [
    ["200000", refusal(bytes, key)],
    ["200000", refusal(bytes, bytes)],
    ["200000", refusal(null, bytes)],
    ["7", refusal(json, key)],
    ["7", refusal(null, new TextDecoder().decode(json))],
    // Apicurio's ids of eight bytes.
    ["42", refusal(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 42, 2, 14]), key)],
  ] as const;
  for (const [id, { reason, message }] of cases) {
    assertEquals(reason, "not_json");
    assertStringIncludes(message, `schema id ${id}`);
    for (
      const part of [
        "Avro",
        "Protobuf",
        "schema registry",
        "SCHEMA_REGISTRY_URL",
        'registry: "all"',
      ]
    ) {
      assertStringIncludes(message, part);
    }
  }
  // LongConverter's and IntegerConverter's keys begin with 0, too.
  for (const binary of [[0, 0, 0, 17], [0, 0, 0, 0, 0, 0, 0, 17]]) {
    const { message } = refusal(null, new Uint8Array(binary));
    assertStringIncludes(message, "LongConverter");
    assert(!message.includes("schema id"), message);
  }
});

Deno.test("createDecoder() tells StringConverter's text", () => {
  assertStringIncludes(refusal("Struct{after=Struct{id=7},op=c}").message, "StringConverter");
  assertStringIncludes(refusal(null, "Struct{id=7}").message, JSON_CONVERTER);
});

const MONGO_SOURCE = '"source":{"version":"3.6.3.Final","connector":"mongodb","db":"shop","collection":"things"}';
const MONGO_KEY = '{"id":"{\\"$oid\\":\\"59666ebbd185402eda3ff42c\\"}"}';
const document = '"{\\"_id\\":{\\"$oid\\":\\"59666ebbd185402eda3ff42c\\"},\\"name\\":\\"Lamp\\"}"';

Deno.test("createDecoder() tells a change of Debezium's MongoDB connector, whatever it is about", () => {
  const values = [
    `{"before":null,"after":${document},"updateDescription":null,${MONGO_SOURCE},"op":"c","ts_ms":1}`,
    `{"before":null,"after":${document},${MONGO_SOURCE},"op":"r","ts_ms":1}`,
    `{"before":null,"after":null,"updateDescription":{"updatedFields":"{}"},${MONGO_SOURCE},"op":"u","ts_ms":1}`,
    `{"before":null,"after":null,"updateDescription":null,${MONGO_SOURCE},"op":"d","ts_ms":1}`,
    `{"after":null,"patch":"{}","filter":"{}",${MONGO_SOURCE},"op":"u"}`,
  ];
  for (const value of values) {
    for (const text of [value, `{"payload":${value},"schema":{"type":"struct","fields":[]}}`]) {
      const { reason, message } = refusal(text, MONGO_KEY);
      assertEquals(reason, "not_a_row", message);
      assertStringIncludes(message, "MongoDB");
      assertStringIncludes(message, "io.debezium.connector.mongodb.transforms.ExtractNewDocumentState");
    }
  }
});

const cloudEvent = (data: string) =>
  '{"id":"name:shop;lsn:29274832;txId:565","source":"/debezium/postgresql/shop","specversion":"1.0",' +
  '"type":"io.debezium.connector.postgresql.DataChangeEvent","time":"2020-01-13T13:55:39.738Z",' +
  `"datacontenttype":"application/json","iodebeziumop":"c","data":${data}}`;

const maxwellKey = '{"database":"shop","table":"things","pk.id":7}';
const maxwell = (type: string, data = '{"id":7,"name":"Lamp"}') =>
  `{"database":"shop","table":"things","type":"${type}","ts":1449786310,"xid":940752,"commit":true,` +
  `"data":${data},"old":{"name":"Lam"}}`;

Deno.test("createDecoder() names other writers first, also where the key is what cannot be read", () => {
  const cases: readonly (readonly [writer: string, remedy: string, value: string, key?: string])[] = [
    ["CloudEvents", JSON_CONVERTER, cloudEvent('{"before":null,"after":{"id":7,"name":"Lamp"}}')],
    ["CloudEvents", JSON_CONVERTER, cloudEvent('{"schema":{},"payload":{"id":7}}')],
    ...["insert", "update", "delete", "bootstrap-insert"].map((type) =>
      ["Maxwell", "MySQL connector", maxwell(type), maxwellKey] as const
    ),
    ["Maxwell", "MySQL connector", maxwell("bootstrap-start", "{}"), maxwellKey],
    ["Maxwell", "MySQL connector", '{"type":"table-alter","database":"shop","table":"things","old":{},"def":{}}'],
    [
      "Canal",
      "MySQL connector",
      '{"data":[{"id":"7"}],"database":"shop","es":1,"id":3,"isDdl":false,"table":"things","type":"INSERT"}',
    ],
    ["GoldenGate", "Oracle connector", '{"table":"shop.things","op_type":"U","before":{"id":7},"after":{"id":7}}'],
    [
      "schema changes",
      "topic of a table",
      '{"source":{"connector":"mysql"},"databaseName":"shop","ddl":"ALTER TABLE t","tableChanges":[]}',
      '{"databaseName":"shop"}',
    ],
  ];
  for (const [writer, remedy, value, key] of cases) {
    const { message } = refusal(value, key ?? '{"id":7}');
    assert(message.startsWith('Cannot read a record of "things" as a row: it looks like '), message);
    assertStringIncludes(message, writer);
    assertStringIncludes(message, remedy);
  }
});

Deno.test("createDecoder() reads rows whose columns are called as another writer's fields", () => {
  const audit = z.object({
    id: int8(),
    ...{ database: z.string(), table: z.string(), type: z.string() },
    ...{ specversion: z.string(), source: z.string(), data: z.unknown() },
  });
  const row = { id: 7, database: "d", table: "t", type: "insert", specversion: "1.0", source: "s", data: { a: 1 } };
  for (const value of [JSON.stringify(row), `{"before":null,"after":${JSON.stringify(row)},"source":{},"op":"c"}`]) {
    const decoded = decode(value, '{"id":7}', { row: audit });
    assert(decoded.kind === "upsert");
    assertEquals(JSON.parse(JSON.stringify(decoded.row)), row);
  }
  // A document that was made a row.
  const flat = '{"_id":"59666ebbd185402eda3ff42c","name":"Lamp","__source_connector":"mongodb"}';
  const options = { key: ["_id"], row: z.object({ _id: z.string(), name: z.string() }) };
  assertEquals(decode(flat, '{"_id":"59666ebbd185402eda3ff42c"}', options).kind, "upsert");
});

Deno.test("createDecoder() takes no captured message of Debezium for another writer's, whatever is declared", () => {
  let refused = 0;
  const shapes = [null, z.object({ id: z.string(), nowhere: z.string() }), z.object({ data: int8() })];
  const decoders = new Map<string, Decoder[]>();
  const decodersOf = (topic: string): Decoder[] => {
    const made = decoders.get(topic) ??
      shapes.flatMap((row) =>
        [["id"], ["data"], ["id", "other"]].map((key) =>
          createDecoder({ source: topic, key, row: row ?? schemaOf(topic) })
        )
      );
    decoders.set(topic, made);
    return made;
  };
  for (const message of fixtureFiles.flatMap(captured)) {
    for (const decoder of decodersOf(message.topic)) {
      try {
        decoder.decode(message);
      } catch (error) {
        assert(error instanceof DeserializationError, `${error}`);
        refused++;
        for (const writer of WRITERS) assert(!error.message.includes(writer), error.message);
      }
    }
  }
  assert(refused > 2_000, `${refused} refused`);
});
