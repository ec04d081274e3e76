import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { createDecoder } from "../../src/formats/decoder.ts";
import * as oracle from "../../src/oracle_database.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import * as sqlserver from "../../src/sqlserver.ts";
import { refusalOf, valueOf, type Wire } from "./one_column.ts";

/** Of the example `2018-06-20 15:13:16.945104` in Debezium's documentation. */
const micros = 1_529_507_596_945_104;
const field = (type: string, name: string) => JSON.stringify({ type, name, field: "v" });
const scaled = (scale: string) => JSON.stringify({ type: "bytes", name: DECIMAL, field: "v", parameters: { scale } });
const DECIMAL = "org.apache.kafka.connect.data.Decimal";

type Case = readonly [schema: z.ZodType, wire: string | Wire, value: unknown];

/** Forms of Debezium's documentation of the two connectors (3.6), by column type. */
const cases: readonly Case[] = [
  [sqlserver.tinyint(), "255", 255],
  [sqlserver.bigint(), "9223372036854775807", 9223372036854775807n],
  [sqlserver.decimal(12, 2), '"19.90"', "19.90"],
  [sqlserver.money(), { json: '"AeJA"', field: scaled("4") }, "12.3456"],
  [sqlserver.smallmoney(), '"-214748.3648"', "-214748.3648"],
  [sqlserver.float(), "1.5", 1.5],
  [sqlserver.date(), "17702", 17702],
  [sqlserver.datetime(), "1529507596945", micros - 104],
  [sqlserver.datetime2(3), "1529507596945", micros - 104],
  [sqlserver.datetime2(6), "1529507596945104", micros],
  [sqlserver.datetime2(), "1529507596945104000", micros],
  [sqlserver.datetime2(), '"2018-06-20T15:13:16.945104Z"', micros],
  [
    sqlserver.datetime2(),
    { json: "1529507596945104000", field: field("int64", "io.debezium.time.NanoTimestamp") },
    micros,
  ],
  [
    sqlserver.datetime2(),
    { json: "1529507596945104", field: field("int64", "io.debezium.time.MicroTimestamp") },
    micros,
  ],
  [
    sqlserver.datetime2(3),
    { json: "1529507596945", field: field("int64", "io.debezium.time.Timestamp") },
    micros - 104,
  ],
  [sqlserver.datetimeoffset(), '"2018-06-20T15:13:16.945104+08:00"', micros - 8 * 3_600_000_000],
  [sqlserver.time(), "3600000000000", 3_600_000_000],
  [sqlserver.time(3), "3600000", 3_600_000_000],
  [sqlserver.uniqueidentifier(), '"7963C4BC-2D75-4CF8-B64B-C3FC43C2F7F6"', "7963c4bc-2d75-4cf8-b64b-c3fc43c2f7f6"],
  [sqlserver.varbinary(), '"3q2+7w=="', "3q2+7w=="],
  [oracle.number(), '{"scale":2,"value":"AeJA"}', "1234.56"],
  [oracle.number(), '{"scale":0,"value":"AA=="}', "0"],
  [oracle.number(), '{"scale":-2,"value":"EQ=="}', "1700"],
  [oracle.number(), '"3.14159"', "3.14159"],
  [oracle.number(9), "123", 123],
  [oracle.number(18), "123456789012345678", 123456789012345678n],
  [oracle.number(38), '"12345678901234567890123456789012345678"', 12345678901234567890123456789012345678n],
  [oracle.number(38), { json: '"AeJA"', field: scaled("0") }, 123456],
  [oracle.number(12, 2), '"19.90"', "19.90"],
  [oracle.date(), "1529507596000", micros - 945_104],
  [oracle.timestamp(), "1529507596945104", micros],
  [oracle.timestamp(3), "1529507596945", micros - 104],
  [oracle.timestamp(9), "1529507596945104000", micros],
  [oracle.timestampWithTimeZone(), '"2018-06-20T15:13:16.945104Z"', micros],
  [oracle.interval(), "-3600000000", -3_600_000_000],
  [oracle.binaryDouble(), "1.5", 1.5],
  [oracle.raw(), '"3q2+7w=="', "3q2+7w=="],
];

Deno.test("types of SQL Server and Oracle read the forms of Debezium's documentation", () => {
  for (const [schema, wire, expected] of cases) {
    const value = valueOf(schema, wire);
    assert(!(value instanceof Error), `${JSON.stringify(wire)}: ${value}`);
    assertEquals(value?.constructor?.name === "Decimal" ? String(value) : value, expected, JSON.stringify(wire));
  }
});

Deno.test("types of SQL Server and Oracle refuse what is finer than microseconds, and say what to declare", () => {
  const fine: readonly (readonly [z.ZodType, string, string])[] = [
    [sqlserver.datetime2(), "1529507596945104100", "int8()"],
    [sqlserver.datetime2(), '"2018-06-20T15:13:16.9451041Z"', "int8()"],
    [sqlserver.time(), "3600000000100", "int8()"],
    [sqlserver.datetimeoffset(), '"2018-06-20T15:13:16.9451041+08:00"', "z.string()"],
    [oracle.timestamp(9), "1529507596945104001", "int8()"],
    [oracle.timestampWithTimeZone(), '"2018-06-20T15:13:16.945104001Z"', "z.string()"],
  ];
  for (const [schema, wire, remedy] of fine) {
    const { reason, message } = refusalOf(schema, wire);
    assertEquals([reason, message.includes("no whole number of microseconds"), message.includes(remedy)], [
      ...["out_of_range", true, true],
    ], message);
  }
  assertEquals(refusalOf(oracle.number(38), "1.2345678901234568E37").reason, "overflow");
  assertEquals(refusalOf(oracle.number(38), '"AeJA"').reason, "wrong_type");
});

/** Decodes messages of a key "id". */
function decoded(row: z.ZodObject, messages: readonly (readonly [string, string | null])[]) {
  const decoder = createDecoder({ source: "documents", key: ["id"], row });
  return messages.map(([key, value]) => {
    try {
      const one = decoder.decode({ key, value });
      return one.kind === "upsert" ? [one.kind, one.key, one.row] : one.kind === "delete" ? [one.kind, one.key] : one;
    } catch (error) {
      assert(error instanceof DeserializationError, `${error}`);
      return error.message;
    }
  });
}

Deno.test("documents of MongoDB are rows behind ExtractNewDocumentState, with the key's id", () => {
  const row = z.object({
    id: z.string(),
    _id: z.string(),
    name: z.string().optional(),
    tags: z.array(z.string()).optional(),
    address: z.object({ city: z.string() }).nullish(),
  });
  const key = '{"id":"5a1b2c3d4e5f607182930a0b"}';
  const id = "5a1b2c3d4e5f607182930a0b";
  const [whole, sparse, gone, plain] = decoded(row, [
    [key, `{"_id":"${id}","name":"Ada","tags":["a"],"address":{"city":"Bonn"}}`],
    [key, `{"_id":"${id}"}`],
    [key, null],
    [key, '{"before":null,"after":"{\\"_id\\": 1}","source":{"connector":"mongodb"},"op":"c"}'],
  ]);
  assertEquals(whole, ["upsert", `"${id}"`, { id, _id: id, name: "Ada", tags: ["a"], address: { city: "Bonn" } }]);
  const nothing = { name: undefined, tags: undefined, address: undefined };
  assertEquals(sparse, ["upsert", `"${id}"`, { id, _id: id, ...nothing }]);
  assertEquals(gone, ["delete", `"${id}"`]);
  assert(String(plain).includes("ExtractNewDocumentState"), String(plain));
});

Deno.test("changes of SQL Server and Oracle name their transactions and snapshots", () => {
  const row = z.object({ id: sqlserver.int(), name: z.string() });
  const decoder = createDecoder({ source: "customers", key: ["id"], row });
  const sources: readonly (readonly [source: string, transaction: string | null])[] = [
    [
      '{"version":"3.6.3.Final","connector":"sqlserver","name":"server1","ts_ms":1559729468470,"snapshot":"false",' +
      '"db":"testDB","schema":"dbo","table":"customers","change_lsn":"00000027:00000758:0003",' +
      '"commit_lsn":"00000027:00000758:0005","event_serial_no":"1"}',
      "00000027:00000758:0005",
    ],
    [
      '{"version":"3.6.3.Final","name":"server1","ts_ms":1520085154000,"txId":"6.28.807","scn":"2122185",' +
      '"commit_scn":"2122185","rs_id":"001234.00012345.0124","ssn":1,"snapshot":"first"}',
      "6.28.807",
    ],
  ];
  for (const [source, transaction] of sources) {
    const value = `{"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},"source":${source},"op":"u","ts_ms":1}`;
    const record = { key: '{"id":1}', value };
    const one = decoder.decode(record);
    assertEquals(one.kind === "upsert" && one.row, { id: 1, name: "b" });
    const { before, transaction: told, op } = decoder.details(record);
    assertEquals([before, told, op], [{ id: 1, name: "a" }, transaction, "u"]);
  }
});
