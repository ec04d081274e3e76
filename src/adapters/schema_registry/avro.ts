import type { ConnectField } from "../../record/connect_field.ts";
import avro from "avsc";
import { Buffer } from "node:buffer";
import { bytesOf, bytesText, type Codec, doubleText, floatText } from "./codec.ts";
import type { RegisteredSchema } from "./codec.ts";

/** A schema of Avro in JSON. */
type AvroSchema = string | readonly AvroSchema[] | { readonly [attribute: string]: unknown };

/** What is made of one schema: avsc's, without what reading needs not; Connect's; and how values are written. */
interface Node {
  readonly plain: unknown;
  readonly field: ConnectField;
  /** Branch of a union that it is. */
  readonly branch: string;
  text(value: never): string;
  value(payload: never): unknown;
}

/** Connect's names of Avro's logical types; of those that it has none for, Debezium's, which count the same. */
const LOGICAL: Readonly<Record<string, string>> = {
  "date": "org.apache.kafka.connect.data.Date",
  "time-millis": "org.apache.kafka.connect.data.Time",
  "time-micros": "io.debezium.time.MicroTime",
  "timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
  "timestamp-micros": "io.debezium.time.MicroTimestamp",
  "timestamp-nanos": "io.debezium.time.NanoTimestamp",
  "local-timestamp-millis": "io.debezium.time.Timestamp",
  "local-timestamp-micros": "io.debezium.time.MicroTimestamp",
  "local-timestamp-nanos": "io.debezium.time.NanoTimestamp",
};

const DECIMAL = "org.apache.kafka.connect.data.Decimal";

/** Longs with all their digits. */
const longs = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint" && BigInt.asIntN(64, value) === value,
  compare: (a: bigint, b: bigint) => a === b ? 0 : a < b ? -1 : 1,
});

/**
 * Reads and writes Avro's binary form by the writer's schema, as Confluent's and Apicurio's converters of Connect name
 * its parts (`connect.name`, `connect.parameters`, `connect.type`).
 * @throws Error for a schema that is none
 */
export function avroCodec({ text, references }: RegisteredSchema): Codec {
  const named = new Map<string, Node>();
  // Types that one schema names are known to those after it.
  const options = { registry: { long: longs }, wrapUnions: "always" } as const;
  const typeOf = ({ plain }: Node) => avro.Type.forSchema(plain as avro.Schema, options);
  for (const reference of references.values()) typeOf(nodeOf(parsed(reference), { named, namespace: "" }));
  const root = nodeOf(parsed(text), { named, namespace: "" });
  const type = typeOf(root);
  return {
    field: root.field,
    // A view: avsc reads Buffers alone.
    read: ({ buffer, byteOffset, byteLength }) => ({
      field: root.field,
      text: root.text(type.fromBuffer(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)) as never),
    }),
    write: (payload) => new Uint8Array(type.toBuffer(root.value(payload as never))),
  };
}

/** A schema of a primitive type may be its name alone, also without quotes. */
function parsed(text: string): AvroSchema {
  return /^\s*\w+\s*$/.test(text) ? text.trim() : JSON.parse(text);
}

interface Names {
  /** Named types by their full names; null while one is made. */
  readonly named: Map<string, Node>;
  readonly namespace: string;
}

function nodeOf(schema: AvroSchema, names: Names): Node {
  if (typeof schema === "string") return PRIMITIVES[schema] ?? referred(schema, names);
  if (Array.isArray(schema)) return unionOf(schema as readonly AvroSchema[], names);
  const attributes = schema as Readonly<Record<string, unknown>>;
  const { type } = attributes;
  switch (type) {
    case "record":
    case "error":
      return recordOf(attributes, names);
    case "enum":
    case "fixed": {
      const name = fullName(attributes, names);
      const { symbols, size } = attributes;
      const node = { ...PRIMITIVES[type === "enum" ? "string" : "bytes"], branch: name };
      const plain = { type, name, ...type === "enum" ? { symbols } : { size } };
      names.named.set(name, withMeaning({ ...node, plain: name }, attributes));
      return withMeaning({ ...node, plain }, attributes);
    }
    case "array":
      return withMeaning(arrayOf(nodeOf(attributes.items as AvroSchema, names)), attributes);
    case "map":
      return withMeaning(mapOf(nodeOf(attributes.values as AvroSchema, names)), attributes);
    default:
      return withMeaning(nodeOf(type as AvroSchema, names), attributes);
  }
}

function primitive(type: string, { field, ...forms }: Pick<Node, "text" | "value"> & { readonly field: string }): Node {
  return { plain: type, field: { type: field }, branch: type, ...forms };
}

function same<T>(payload: T): T {
  return payload;
}

const PRIMITIVES: Readonly<Record<string, Node>> = {
  null: primitive("null", { field: "string", text: () => "null", value: () => null }),
  boolean: primitive("boolean", { field: "boolean", text: String, value: same }),
  int: primitive("int", { field: "int32", text: String, value: same }),
  long: primitive("long", { field: "int64", text: String, value: (payload: number | bigint) => BigInt(payload) }),
  float: primitive("float", { field: "float32", text: floatText, value: Number }),
  double: primitive("double", { field: "float64", text: doubleText, value: Number }),
  string: primitive("string", { field: "string", text: (value: string) => JSON.stringify(value), value: same }),
  bytes: primitive("bytes", { field: "bytes", text: bytesText, value: (payload) => Buffer.from(bytesOf(payload)) }),
};

/** A named type that was described before. */
function referred(name: string, { named, namespace }: Names): Node {
  const node = named.get(name.includes(".") || namespace === "" ? name : `${namespace}.${name}`) ?? named.get(name);
  if (node === undefined) throw new TypeError(`there is no type "${name}"`);
  return node;
}

function fullName({ name, namespace }: Readonly<Record<string, unknown>>, names: Names): string {
  const own = String(name);
  const space = typeof namespace === "string" ? namespace : names.namespace;
  return own.includes(".") || space === "" ? own : `${space}.${own}`;
}

function recordOf(attributes: Readonly<Record<string, unknown>>, names: Names): Node {
  const name = fullName(attributes, names);
  const inner = { named: names.named, namespace: name.slice(0, Math.max(0, name.lastIndexOf("."))) };
  const members: { readonly name: string; readonly start: string; readonly node: Node }[] = [];
  const node = {
    branch: name,
    text(value: Readonly<Record<string, unknown>>): string {
      let text = "{";
      for (const { name, start, node } of members) text += start + node.text(value[name] as never);
      return `${text}}`;
    },
    value(payload: Readonly<Record<string, unknown>>) {
      return Object.fromEntries(members.map(({ name, node }) => [name, node.value(payload[name] as never)]));
    },
  };
  // Within itself it is known by its name; Connect's schemas have no such thing, so there it is of no type.
  names.named.set(name, { ...node, plain: name, field: {} });
  const fields: ConnectField[] = [];
  for (const field of attributes.fields as readonly Readonly<Record<string, unknown>>[]) {
    const own = String(field.name);
    const start = `${members.length === 0 ? "" : ","}${JSON.stringify(own)}:`;
    const member = nodeOf(field.type as AvroSchema, inner);
    members.push({ name: own, start, node: member });
    fields.push({ ...member.field, ...docOf(field), field: own });
  }
  const made = withMeaning({ ...node, plain: null, field: { type: "struct", fields } }, attributes);
  names.named.set(name, { ...made, plain: name });
  return {
    ...made,
    plain: { type: "record", name, fields: members.map(({ name, node }) => ({ name, type: node.plain })) },
  };
}

function arrayOf(items: Node): Node {
  return {
    plain: { type: "array", items: items.plain },
    field: { type: "array", items: items.field },
    branch: "array",
    text: (values: readonly unknown[]) => `[${values.map((value) => items.text(value as never)).join(",")}]`,
    value: (payload: readonly unknown[]) => payload.map((item) => items.value(item as never)),
  };
}

function mapOf(values: Node): Node {
  return {
    plain: { type: "map", values: values.plain },
    field: { type: "map" },
    branch: "map",
    text: (value: Readonly<Record<string, unknown>>) =>
      `{${
        Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${values.text(one as never)}`).join(",")
      }}`,
    value: (payload: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(payload).map(([name, one]) => [name, values.value(one as never)])),
  };
}

/** Mostly of null and one other type. Of several others a value says by itself what it is, or cannot be told. */
function unionOf(schemas: readonly AvroSchema[], names: Names): Node {
  const branches = schemas.map((schema) => nodeOf(schema, names));
  const others = branches.filter((branch) => branch.plain !== "null");
  const byName = new Map(branches.map((branch) => [branch.branch, branch]));
  return {
    plain: branches.map(({ plain }) => plain),
    field: { ...others.length === 1 ? others[0].field : {}, ...others.length < branches.length && { optional: true } },
    branch: "union",
    text(value: Readonly<Record<string, unknown>> | null) {
      if (value === null) return "null";
      const [[name, inner]] = Object.entries(value);
      return byName.get(name)!.text(inner as never);
    },
    value(payload: unknown) {
      if (payload === null || payload === undefined) return null;
      if (others.length !== 1) throw new TypeError("a union of several types is not written");
      return { [others[0].branch]: others[0].value(payload as never) };
    },
  };
}

/** What Connect's and Avro's own attributes say of a type. */
function withMeaning(node: Node, attributes: Readonly<Record<string, unknown>>): Node {
  const { logicalType, precision, scale } = attributes;
  const parameters = attributes["connect.parameters"] as Readonly<Record<string, string>> | undefined;
  const name = attributes["connect.name"] as string | undefined ??
    (logicalType === "decimal" ? DECIMAL : LOGICAL[String(logicalType)]);
  const small = attributes["connect.type"] as string | undefined;
  const symbols = attributes.symbols as readonly string[] | undefined;
  const doc = docOf(attributes);
  if (name === undefined && small === undefined && symbols === undefined && doc.doc === undefined) return node;
  const type = small ?? node.field.type;
  const said = name === DECIMAL
    ? decimalParameters({ scale: parameters?.scale ?? scale, precision })
    : parameters ?? (symbols === undefined ? undefined : { allowed: symbols.join(",") });
  return {
    ...node,
    field: {
      ...node.field,
      ...type === undefined ? {} : { type },
      ...name === undefined ? {} : { name },
      ...said === undefined ? {} : { parameters: said },
      ...doc,
    },
  };
}

function decimalParameters({ scale = 0, precision }: { readonly scale?: unknown; readonly precision?: unknown }) {
  return {
    scale: String(scale),
    ...precision === undefined ? {} : { "connect.decimal.precision": String(precision) },
  };
}

/** What is said for people, by Avro or by Connect. */
function docOf(attributes: Readonly<Record<string, unknown>>): { readonly doc?: string } {
  const doc = attributes["connect.doc"] ?? attributes.doc;
  return typeof doc === "string" && doc !== "" ? { doc } : {};
}
