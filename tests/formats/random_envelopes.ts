import { z } from "zod";
import {
  bytea,
  char,
  citext,
  date,
  float8,
  int8,
  json,
  numeric,
  time,
  timestamp,
  timestamptz,
  uuid,
} from "../../src/formats/columns.ts";
import type { DecoderOptions } from "../../src/formats/decoder.ts";
import type { Random } from "./random.ts";
import { ODD, USUAL, type ValueKind } from "./random_values.ts";

/** A topic: what is declared of it, and which values its columns have on the wire, in that order. */
export interface RandomTopic {
  readonly options: DecoderOptions;
  readonly wire: Readonly<Record<string, ValueKind>>;
}

const text = z.string();
const status = z.enum(["pending", "paid", "shipped"]);

/** Columns of one kind on the wire may be declared in any of these ways. */
const DECLARED: Readonly<Record<ValueKind, readonly z.ZodType[]>> = {
  integer: [int8(), z.int(), z.number(), int8().nullable(), z.int().min(0), z.coerce.number(), numeric(78, 0)],
  float: [float8(), z.number(), float8().nullable(), z.union([z.int(), z.number()])],
  decimal2: [numeric(12, 2), numeric(12, 2).nullable(), numeric(), numeric(38, 10), numeric(4, 2).optional(), text],
  decimal0: [numeric(12), numeric(9, 0), numeric(), numeric(78, 0), z.coerce.number()],
  zoned: [timestamptz(), timestamptz(3), timestamptz().nullable(), timestamp(), text],
  micros: [timestamp(), timestamp(3), int8(), timestamp().nullable()],
  day: [date(), date().nullable(), z.int()],
  clock: [time(), time(3), int8()],
  boolean: [z.boolean(), z.boolean().nullable(), z.literal(true)],
  word: [text, status, text.nullable(), citext(), char(5), text.max(12), z.literal("paid"), text.optional()],
  text: [
    text,
    text.nullable(),
    json(),
    citext(),
    char(),
    text.default("none"),
    text.transform((value) => value.length),
  ],
  uuid: [uuid(), uuid().nullable(), text],
  bytes: [bytea(), text],
  list: [z.array(text), z.array(int8().nullable()), z.array(numeric(6, 2)), z.unknown(), z.array(z.unknown())],
  units: [numeric(12, 2), numeric(), text],
  document: [z.record(text, z.unknown()), z.unknown(), z.object({ a: z.int().optional() }), json()],
};

const KINDS = Object.keys(DECLARED) as ValueKind[];

const FORMATS: readonly DecoderOptions["format"][] = [
  undefined,
  undefined,
  undefined,
  { times: "connect", binary: "hex" },
  { decimals: "precise", times: "microseconds", key: "bare" },
];

/** A topic with columns of any kind, of which some are not declared and some do not arrive. */
export function randomTopic(random: Random): RandomTopic {
  const wire: Record<string, ValueKind> = { id: "integer" };
  const shape: Record<string, z.ZodType> = { id: int8() };
  const count = 1 + random(9);
  for (let index = 0; index < count; index++) {
    const kind = random.of(KINDS);
    const name = random(12) === 0 ? random.of(["after", "op", "source", "größe", "constructor", "a b"]) : `c${index}`;
    if (random(12) > 0) wire[name] = kind;
    if (random(4) > 0) shape[name] = random.of(DECLARED[kind]);
  }
  // Also columns that are not declared, or do not come.
  const key = random(4) === 0 ? ["id", random.of(Object.keys({ ...shape, ...wire }))] : ["id"];
  return {
    options: {
      source: "things",
      key: [...new Set(key)],
      row: z.object(shape),
      format: random.of(FORMATS),
      ...(random(12) === 0 && { placeholder: random.of(["1.50", "word", "hex:3132"]) }),
    },
    wire,
  };
}

/** What a record of a topic is made of. */
export interface Made {
  readonly key: string;
  readonly value: string;
}

const SOURCE = '"source":{"version":"3.6.3.Final","connector":"postgresql","ts_ms":1795322174794,"snapshot":"first",' +
  '"db":"shop","sequence":"[null,\\"26618608\\"]","schema":"public","table":"things","txId":727,"lsn":26618608}';
const ODD_SOURCES: readonly string[] = [
  '"source":{"name":"a },\\"after\\":{\\"id\\":7","op":"x","after":{"id":1}}',
  '"source":{"name":"größe","list":[1,{"op":"d"}],"op":"d"}',
  '"source":null',
  '"source":{broken',
  '"source":{},"after":{"id":3}',
  '"source":{"a":{"b":"c"}},"before":null',
];
const TAILS: readonly string[] = [
  ',"ts_ms":1795322174979,"ts_us":1795322174979750,"ts_ns":1795322174979750165}',
  ',"ts_ms":1795322174979}',
  ',"ts_ms":1795322174979,"transaction":null}',
];
const ODD_TAILS: readonly string[] = [
  ',"ts_ms":1,"transaction":{"id":"571:1","op":"d"}}',
  ',"note":",\\"op\\":\\"d\\""}',
  ',"op":"}',
  ',"op":"u"}',
  ',"op":"d',
  ', "ts_ms": 1}',
  "}",
  "",
  "}}",
  "} ",
];

/** An envelope with values that are usual, or not, once in `oddOneIn`. */
export function randomRecord(
  topic: RandomTopic,
  { random, oddOneIn }: { readonly random: Random; readonly oddOneIn: number },
): Made {
  const odd = () => random(oddOneIn) === 0;
  const precise = topic.options.format?.decimals === "precise";
  const usual = (kind: ValueKind) => USUAL[precise && kind === "decimal2" ? "units" : kind](random);
  const values = Object.entries(topic.wire).map(([name, kind]) =>
    [name, odd() ? random.of(random(2) === 0 ? ODD[kind] : ODD[random.of(KINDS)]) : usual(kind)] as const
  );
  const after = rowText(values, random, odd);
  const op = odd() ? random.of(["d", "t", "m", "x", "", "é", "cc"]) : random.of(["c", "r", "u", "u"]);
  const before = random(3) === 0
    ? (odd() ? rowText(values, random, odd) : after)
    : odd()
    ? random.of(ODD.document)
    : "null";
  const deleted = random(20) === 0;
  const source = odd() ? random.of(ODD_SOURCES) : SOURCE;
  const tail = odd() ? random.of(ODD_TAILS) : random.of(TAILS);
  const row = deleted ? "null" : after;
  const value = `{"before":${before},"after":${row},${source},"transaction":null,"op":"${deleted ? "d" : op}"${tail}`;
  const { key, format } = topic.options;
  const known = new Map(values);
  const parts = key.map((name) => `"${name}":${odd() ? random.of(ODD.integer) : known.get(name) ?? "null"}`);
  const bare = key.length === 1 && (odd() || format?.key === "bare");
  const keyText = bare ? known.get(key[0])! : `{${parts.join(odd() ? ", " : ",")}}`;
  return { key: damaged(keyText, random, odd), value: damaged(value, random, odd) };
}

function rowText(values: readonly (readonly [string, string])[], random: Random, odd: () => boolean): string {
  const fields = values.map(([name, value]) => `"${name}":${value}`);
  if (odd()) {
    random.of([
      () => fields.reverse(),
      () => fields.push(fields[random(fields.length)]),
      () => fields.push(`"new_${random(3)}":${random.of(ODD.text)}`),
      () => fields.splice(random(fields.length), 1),
      () => fields.push(""),
      () => fields.push(`"source":{"a":1},"source":{`),
    ])();
  }
  return `{${fields.join(odd() ? " ," : ",")}}`;
}

const BYTES = '{}[]",:\\0 9-.eEnul\u0000\n\u007fü\ud800';

/** Now and then cut off, with another character somewhere, or wrapped. */
function damaged(value: string, random: Random, odd: () => boolean): string {
  if (!odd()) return value;
  const at = random(value.length);
  switch (random(6)) {
    case 0:
      return value.slice(0, at);
    case 1:
      return value.slice(0, at) + BYTES[random(BYTES.length)] + value.slice(at + 1);
    case 2:
      return value.slice(0, at) + BYTES[random(BYTES.length)] + value.slice(at);
    case 3:
      return value.slice(0, at) + value.slice(at + 1 + random(3));
    case 4:
      return `{"schema":null,"payload":${value}}`;
    default:
      return `{"schema":{"type":"struct","fields":[{"type":"int64","field":"id"}]},"payload":${value}}`;
  }
}
