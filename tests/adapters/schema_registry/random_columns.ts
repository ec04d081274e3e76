import { Buffer } from "node:buffer";
import { z } from "zod";
import { bytea, date, float8, int8, numeric, time, timestamp } from "../../../src/mod.ts";

/** A column of each kind. */
export const row = z.object({
  id: int8(),
  small: z.int().nullable(),
  name: z.string().nullable(),
  flag: z.boolean().nullable(),
  price: numeric(18, 4).nullable(),
  ratio: float8().nullable(),
  real: float8().nullable(),
  day: date().nullable(),
  clock: time().nullable(),
  millis: timestamp(3).nullable(),
  at: timestamp(6).nullable(),
  data: bytea().nullable(),
  tags: z.array(z.string().nullable()).nullable(),
});

/** A random row, and what each column is in JSON and in Avro. */
export interface Columns {
  readonly json: Record<string, string>;
  readonly avro: Record<string, unknown>;
}

/** The fields of the row's schema as JsonConverter writes them. */
export const connectFields = [
  { field: "id", type: "int64" },
  { field: "small", type: "int16" },
  { field: "name", type: "string" },
  { field: "flag", type: "boolean" },
  {
    field: "price",
    type: "bytes",
    name: "org.apache.kafka.connect.data.Decimal",
    parameters: { scale: "4" },
  },
  { field: "ratio", type: "double" },
  { field: "real", type: "float" },
  { field: "day", type: "int32", name: "io.debezium.time.Date" },
  { field: "clock", type: "int64", name: "io.debezium.time.MicroTime" },
  { field: "millis", type: "int64", name: "io.debezium.time.Timestamp" },
  { field: "at", type: "int64", name: "io.debezium.time.MicroTimestamp" },
  { field: "data", type: "bytes" },
  { field: "tags", type: "array", items: { type: "string" } },
];

const named = (type: string, name: string) => ({ type, "connect.name": name, "connect.version": 1 });
/** The same as AvroConverter has them. */
export const avroSchema = {
  type: "record",
  name: "Row",
  namespace: "shop.public",
  fields: [
    { name: "id", type: "long" },
    { name: "small", type: ["null", { type: "int", "connect.type": "int16" }], default: null },
    { name: "name", type: ["null", "string"], default: null },
    { name: "flag", type: ["null", "boolean"], default: null },
    {
      name: "price",
      type: ["null", {
        type: "bytes",
        scale: 4,
        precision: 18,
        "connect.version": 1,
        "connect.parameters": { scale: "4", "connect.decimal.precision": "18" },
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        logicalType: "decimal",
      }],
      default: null,
    },
    { name: "ratio", type: ["null", "double"] },
    { name: "real", type: ["null", "float"] },
    { name: "day", type: ["null", named("int", "io.debezium.time.Date")] },
    { name: "clock", type: ["null", named("long", "io.debezium.time.MicroTime")] },
    { name: "millis", type: ["null", named("long", "io.debezium.time.Timestamp")] },
    { name: "at", type: ["null", named("long", "io.debezium.time.MicroTimestamp")] },
    { name: "data", type: ["null", "bytes"] },
    { name: "tags", type: ["null", { type: "array", items: ["null", "string"] }] },
  ],
};

/** Random values with those at the limits among them, each once in a few rounds. */
export function randomColumns(random: () => number): Columns {
  const columns: Columns = { json: {}, avro: {} };
  const id = limited(random, [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n]);
  columns.json.id = String(id);
  columns.avro.id = id;
  for (const column of [...plainValues(random), ...timeValues(random), ...listValues(random)]) {
    const { name, json, branch, value } = column;
    const isNull = random() < 0.15;
    columns.json[name] = isNull ? "null" : json;
    columns.avro[name] = isNull ? null : { [branch]: value };
  }
  return columns;
}

/** One column's value: in JSON, and in Avro with the branch of its union. */
interface Value {
  readonly name: string;
  readonly json: string;
  readonly branch: string;
  readonly value: unknown;
}

function plainValues(random: () => number): Value[] {
  const small = limited(random, [-32_768n, 32_767n]);
  const text = textOf(random);
  const flag = random() < 0.5;
  const units = bigEndian(limited(random, [-(10n ** 18n) + 1n, 10n ** 18n - 1n, 10_000n, 128n, -128n, 255n]));
  const ratio = [0.1, -1e-300, 1.7976931348623157e308, 5e-324, 1 / 3, 4][Math.floor(random() * 6)];
  const real = [0.1, 3.4028234663852886e38, 1.17549435e-38, -2.5, 16_777_216][Math.floor(random() * 5)];
  return [
    { name: "small", json: String(small), branch: "int", value: Number(small) },
    { name: "name", json: JSON.stringify(text), branch: "string", value: text },
    { name: "flag", json: String(flag), branch: "boolean", value: flag },
    { name: "price", json: `"${units.toString("base64")}"`, branch: "bytes", value: units },
    { name: "ratio", json: String(ratio), branch: "double", value: ratio },
    { name: "real", json: shortFloat(real), branch: "float", value: Math.fround(real) },
  ];
}

function timeValues(random: () => number): Value[] {
  const days = limited(random, [-25_567n, 120_529n]);
  const micros = limited(random, [0n, 86_399_999_999n]);
  const millis = limited(random, [-2_000_000_000_000n, 7_000_000_000_000n]);
  const at = limited(random, [-2_000_000_000_000_000n, 7_000_000_000_000_000n]);
  return [
    { name: "day", json: String(days), branch: "int", value: Number(days) },
    { name: "clock", json: String(micros), branch: "long", value: micros },
    { name: "millis", json: String(millis), branch: "long", value: millis },
    { name: "at", json: String(at), branch: "long", value: at },
  ];
}

function listValues(random: () => number): Value[] {
  const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 5) }, () => Math.floor(random() * 256)));
  const tags = Array.from({ length: Math.floor(random() * 3) }, (_, index) => index === 1 ? null : textOf(random));
  const branches = tags.map((tag) => tag === null ? null : { string: tag });
  return [
    { name: "data", json: `"${bytes.toString("base64")}"`, branch: "bytes", value: bytes },
    { name: "tags", json: JSON.stringify(tags), branch: "array", value: branches },
  ];
}

function textOf(random: () => number): string {
  return ["", "häh", '\u0000\u001f"\\', "😀", "null", "0", "NaN"][Math.floor(random() * 7)];
}

/** An integer between the first two, often one of those given, 0 or -1. */
function limited(random: () => number, limits: readonly bigint[]): bigint {
  const [least, most] = limits;
  const all = [...limits, 0n, -1n];
  const value = random() < 0.3
    ? all[Math.floor(random() * all.length)]
    : least + BigInt(Math.floor(random() * 2 ** 52)) * (most - least) / 2n ** 52n;
  return value < least ? least : value;
}

/** As Java's BigInteger.toByteArray. */
function bigEndian(value: bigint): Buffer {
  let length = 1;
  while (value < -(1n << BigInt(8 * length - 1)) || value >= 1n << BigInt(8 * length - 1)) length++;
  const hex = BigInt.asUintN(8 * length, value).toString(16).padStart(2 * length, "0");
  return Buffer.from(hex, "hex");
}

/** As Java's Float.toString, as far as a reader sees it. */
function shortFloat(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Math.fround(value).toPrecision(digits);
    if (Math.fround(Number(short)) === Math.fround(value)) return short;
  }
  return String(Math.fround(value));
}
