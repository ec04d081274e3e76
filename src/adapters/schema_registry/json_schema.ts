import type { ConnectField } from "../../record/connect_field.ts";
import type { Codec, RegisteredSchema } from "./codec.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** References may be circles; Connect's schemas nest a few levels. */
const DEPTH_MAX = 32;

/** Types of Connect by those of JSON Schema. */
const TYPES: Readonly<Record<string, string>> = {
  integer: "int64",
  number: "float64",
  string: "string",
  boolean: "boolean",
  object: "struct",
  array: "array",
};

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * Values are JSON already; the schema says what JsonSchemaConverter has made of Connect's types (`connect.type`,
 * `connect.parameters`, and the name as `title`).
 * @throws Error for a schema that is none
 */
export function jsonSchemaCodec({ text, references }: RegisteredSchema): Codec {
  const documents = new Map([...references].map(([name, document]) => [name, JSON.parse(document) as JsonSchema]));
  const root: JsonSchema = JSON.parse(text);
  const field = fieldOf(root, { root, documents, depth: 0 });
  return {
    field,
    read: (bytes) => ({ field, text: decoder.decode(bytes) }),
    write: (payload) => encoder.encode(jsonText(payload)),
  };
}

interface Place {
  readonly root: JsonSchema;
  readonly documents: ReadonlyMap<string, JsonSchema>;
  readonly depth: number;
}

function fieldOf(schema: JsonSchema, { root, documents, depth }: Place): ConnectField {
  if (depth > DEPTH_MAX) return {};
  const inner = { root, documents, depth: depth + 1 };
  if (typeof schema.$ref === "string") return referred(schema.$ref, inner);
  const options = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(options)) {
    const others = options.filter((option: JsonSchema) => option.type !== "null");
    const said = { ...others.length < options.length && { optional: true }, ...docOf(schema) };
    return others.length === 1 ? { ...fieldOf(others[0], inner), ...said } : said;
  }
  const own = Array.isArray(schema.type) ? schema.type.find((type) => type !== "null") : schema.type;
  const type = schema["connect.type"] as string | undefined ?? TYPES[String(own)];
  const parameters = schema["connect.parameters"] as ConnectField["parameters"] ?? allowedOf(schema);
  const optional = Array.isArray(schema.type) && schema.type.includes("null");
  return {
    ...type === undefined ? {} : { type },
    ...typeof schema.title === "string" ? { name: schema.title } : {},
    ...parameters === undefined ? {} : { parameters },
    ...optional && { optional },
    ...docOf(schema),
    ...partsOf(schema, { type, place: inner }),
  };
}

function partsOf(
  schema: JsonSchema,
  { type, place }: { readonly type: string | undefined; readonly place: Place },
): Partial<ConnectField> {
  if (type === "array" && typeof schema.items === "object") {
    return { items: fieldOf(schema.items as JsonSchema, place) };
  }
  if (type !== "struct") return {};
  const properties = Object.entries(schema.properties as Readonly<Record<string, JsonSchema>> ?? {});
  // Connect's schemas name none, and have all.
  const { required } = schema;
  const may = (field: string) => Array.isArray(required) && !required.includes(field) ? { absent: true } : {};
  const fields = properties.map(([field, property]) => ({ ...fieldOf(property, place), ...may(field), field }));
  return { fields };
}

/** What is said for people. */
function docOf({ description }: JsonSchema): { readonly doc?: string } {
  return typeof description === "string" && description !== "" ? { doc: description } : {};
}

/** The values of an enum of texts, as Connect has them. */
function allowedOf({ enum: values }: JsonSchema): ConnectField["parameters"] {
  const all = Array.isArray(values) && values.every((value) => typeof value === "string" && !value.includes(","));
  return all ? { allowed: values.join(",") } : undefined;
}

/** `#/definitions/Name`, or a document that the schema refers to, with such a path behind `#`. */
function referred(reference: string, place: Place): ConnectField {
  const [document, path = ""] = reference.split("#");
  const root = document === "" ? place.root : place.documents.get(document);
  let found: unknown = root;
  for (const step of path.split("/").slice(1)) {
    const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  if (root === undefined || found === undefined) throw new TypeError(`there is no schema "${reference}"`);
  return fieldOf(found as JsonSchema, { ...place, root });
}

/** JSON text of a payload, bigints with their digits. */
function jsonText(payload: unknown): string {
  if (typeof payload === "bigint") return String(payload);
  if (typeof payload !== "object" || payload === null) return JSON.stringify(payload);
  if (Array.isArray(payload)) return `[${payload.map(jsonText).join(",")}]`;
  return `{${Object.entries(payload).map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(",")}}`;
}
