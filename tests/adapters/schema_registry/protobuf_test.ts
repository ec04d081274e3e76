import { assert, assertEquals } from "@std/assert";
import protobuf from "protobufjs";
import { z } from "zod";
import { protobufCodec } from "../../../src/adapters/schema_registry/protobuf.ts";
import { createDecoder } from "../../../src/formats/decoder.ts";
import { numeric } from "../../../src/mod.ts";
import { row } from "./random_columns.ts";

const NONE: ReadonlyMap<string, string> = new Map();

const PROTO = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "confluent/type/decimal.proto";
import "google/type/date.proto";
import "confluent/meta.proto";
message Other { int32 x = 1; }
message Envelope {
  optional Row before = 1;
  optional Row after = 2;
  string op = 3 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "string" }] }];
  message Row {
    int64 id = 1;
    optional int32 small = 2;
    google.protobuf.StringValue name = 3;
    optional bool flag = 4;
    confluent.type.Decimal price = 5;
    optional double ratio = 6;
    optional float real = 7;
    google.type.Date day = 8;
    google.protobuf.Timestamp at = 9;
    optional bytes data = 10;
    string note = 11;
    uint64 wide = 12;
  }
}`;

function protoWriter(text: string) {
  const root = new protobuf.Root();
  for (const file of ["google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"]) {
    root.addJSON(protobuf.common.get(file)!.nested!);
  }
  protobuf.parse(
    'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; ' +
      "int32 scale = 3; }",
    root,
  );
  protobuf.parse(
    'syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
    root,
  );
  protobuf.parse(text.replace('import "confluent/meta.proto";', "").replace(/ \[\(confluent.*\]/, ""), root, {
    keepCase: true,
  });
  const type = root.lookupType("shop.Envelope");
  return (value: object) => new Uint8Array([2, 2, ...type.encode(type.fromObject(value)).finish()]);
}

const protoRow = row.pick({
  id: true,
  small: true,
  name: true,
  flag: true,
  price: true,
  day: true,
  at: true,
  data: true,
})
  .extend({ note: z.string(), wide: numeric(20, 0) });

function protoDecoded(
  bytes: Uint8Array,
  nullable: ReadonlySet<string> = new Set(["small", "name", "data"]),
): Record<string, unknown> {
  const codec = protobufCodec({ type: "PROTOBUF", text: PROTO, references: NONE });
  const { field, text } = codec.read(bytes, nullable);
  const id = /"after":\{"id":(-?\d+)/.exec(text)![1];
  const read = createDecoder({ source: "rows", key: ["id"], row: protoRow }).decode({
    key: `{"id":${id}}`,
    value: `{"schema":${JSON.stringify(field)},"payload":${text}}`,
  });
  assert(read.kind === "upsert");
  return { ...read.row, price: read.row.price === null ? null : String(read.row.price), wide: String(read.row.wide) };
}

Deno.test("protobufCodec() reads the message that the indexes name, nulls and limits", () => {
  const write = protoWriter(PROTO);
  const full = {
    id: "-9223372036854775808",
    small: 0,
    name: { value: "" },
    flag: false,
    price: { value: [0x00, 0xff], precision: 18, scale: 2 },
    day: { year: 2000, month: 2, day: 29 },
    at: { seconds: "-1", nanos: 999_999_000 },
    data: new Uint8Array([1, 2]),
    note: "",
    wide: "18446744073709551615",
  };
  assertEquals(protoDecoded(write({ after: full, op: "c" })), {
    id: -(2n ** 63n),
    small: 0,
    name: "",
    flag: false,
    price: "2.5500",
    day: Date.UTC(2000, 1, 29) / 86_400_000,
    at: -1,
    data: "AQI=",
    note: "",
    wide: "18446744073709551615",
  });
  const empty = {
    id: 0n,
    small: null,
    name: null,
    flag: null,
    price: null,
    day: null,
    at: null,
    data: null,
    note: "",
    wide: "0",
  };
  assertEquals(protoDecoded(write({ after: {}, op: "c" })), { ...empty, id: 0 });
});

Deno.test("protobufCodec() refuses a message that does not tell a nullable column's null from its zero", () => {
  const write = protoWriter(PROTO);
  let refusal = "";
  try {
    protoDecoded(write({ after: { id: 1 }, op: "c" }), new Set(["note"]));
  } catch (error) {
    refusal = (error as Error).message;
  }
  assert(refusal.includes('column "note" may be null') && refusal.includes("optional.for.nullables=true"), refusal);
  const told = write({ after: { id: 1, note: "there" }, op: "c" });
  assertEquals(protoDecoded(told, new Set(["note"])).note, "there");
});
