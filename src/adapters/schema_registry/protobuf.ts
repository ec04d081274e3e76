import type { ConnectField } from "../../record/connect_field.ts";
import protobuf from "protobufjs";
import { bytesOf, bytesText, type Codec, doubleText, floatText, type Payload } from "./codec.ts";
import type { RegisteredSchema } from "./codec.ts";
import { messageType, typesIn } from "./protobuf_message_type.ts";
import { knownFile, meaningOf } from "./protobuf_types.ts";

/** A message type, and how its messages become JSON. */
interface Shape {
  readonly type: protobuf.Type;
  readonly field: ConnectField;
  text(message: Readonly<Record<string, unknown>>, nullable: ReadonlySet<string>): string;
}

/** Names as they are, and comments of every form. */
const PARSED = { keepCase: true, alternateCommentMode: true };
const NOTHING: ReadonlySet<string> = new Set();

/**
 * Reads messages of Protobuf, with what tells before them which type of the schema's file they are of, and writes them
 * with indexes.
 * @throws Error for a schema that is none
 */
export function protobufCodec({ text, references }: RegisteredSchema): Codec {
  const root = new protobuf.Root();
  const file = protobuf.parse(text, root, PARSED);
  const own = file.package === undefined ? root : root.lookup(file.package) as protobuf.Namespace;
  const types = typesIn(own);
  const loaded = new Set<string>();
  load(file.imports ?? [], { root, references, loaded });
  root.resolveAll();
  const shapes = new Map<protobuf.Type, Shape>();
  const first = types[0];
  if (first === undefined) throw new TypeError("it has no message");
  return {
    field: shapeOf(first, shapes).field,
    read(bytes, nullable): Payload {
      const reader = protobuf.Reader.create(bytes);
      const shape = shapeOf(messageType(types, reader), shapes);
      const message = shape.type.decode(reader) as unknown as Readonly<Record<string, unknown>>;
      return { field: shape.field, text: shape.text(message, nullable) };
    },
    write(payload) {
      const { type } = shapeOf(first, shapes);
      const message = type.encode(type.fromObject(plainOf(type, payload as Readonly<Record<string, unknown>>)))
        .finish();
      return new Uint8Array([0, ...message]);
    },
  };
}

function load(
  imports: readonly string[],
  into: {
    readonly root: protobuf.Root;
    readonly references: RegisteredSchema["references"];
    readonly loaded: Set<string>;
  },
): void {
  for (const name of imports) {
    if (into.loaded.has(name)) continue;
    into.loaded.add(name);
    const text = into.references.get(name);
    if (text !== undefined) load(protobuf.parse(text, into.root, PARSED).imports ?? [], into);
    else knownFile(name, into.root);
  }
}

function shapeOf(type: protobuf.Type, shapes: Map<protobuf.Type, Shape>): Shape {
  const known = shapes.get(type);
  if (known !== undefined) return known;
  const members: { readonly field: protobuf.Field; readonly start: string; readonly part: Part }[] = [];
  const fields: ConnectField[] = [];
  const isEnvelope = type.fields.op !== undefined && type.fields.after !== undefined;
  const shape: Shape = {
    type,
    field: { type: "struct", ...docOf(type), fields },
    text(message, nullable) {
      let text = "{";
      for (const { field, start, part } of members) {
        text += start +
          memberText(message, { field, part, nullable: isEnvelope ? NOTHING : nullable, inner: nullable });
      }
      return `${text}}`;
    },
  };
  shapes.set(type, shape);
  for (const field of type.fieldsArray) {
    const part = partOf(field, shapes);
    members.push({ field, start: `${members.length === 0 ? "" : ","}${JSON.stringify(field.name)}:`, part });
    fields.push({ ...part.field, ...hasPresence(field) && { optional: true }, ...docOf(field), field: field.name });
  }
  return shape;
}

interface Part {
  readonly field: ConnectField;
  readonly text: (value: never, nullable: ReadonlySet<string>) => string;
}

function memberText(
  message: Readonly<Record<string, unknown>>,
  { field, part, nullable, inner }: {
    readonly field: protobuf.Field;
    readonly part: Part;
    readonly nullable: ReadonlySet<string>;
    /** Of the rows in an envelope. */
    readonly inner: ReadonlySet<string>;
  },
): string {
  if (Object.hasOwn(message, field.name)) {
    const value = message[field.name];
    // An empty list and none are the same on the wire, and protobufjs makes the one of the other.
    if (!(field.repeated || field.map) || Object.keys(value as object).length > 0) {
      return part.text(value as never, field.name === "after" || field.name === "before" ? inner : NOTHING);
    }
  } else if (hasPresence(field)) return "null";
  if (nullable.has(field.name)) {
    throw new TypeError(
      `column "${field.name}" may be null, and the message does not tell null from ` +
        `${field.repeated ? "an empty list" : "0, false or the empty text"}. Set ` +
        "value.converter.optional.for.nullables=true in the connector, and write the topic anew",
    );
  }
  if (field.repeated) return "[]";
  return field.map ? "{}" : part.text(field.defaultValue as never, NOTHING);
}

function hasPresence(field: protobuf.Field): boolean {
  if (field.repeated || field.map) return false;
  return field.hasPresence || field.partOf !== null || field.resolvedType instanceof protobuf.Type;
}

function partOf(field: protobuf.Field, shapes: Map<protobuf.Type, Shape>): Part {
  const one = singlePart(field, shapes);
  if (field instanceof protobuf.MapField) {
    const text = (value: Readonly<Record<string, never>>) =>
      `{${
        Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${one.text(inner, NOTHING)}`).join(",")
      }}`;
    return { field: { type: "map" }, text };
  }
  if (!field.repeated) return one;
  const text = (values: readonly never[]) => `[${values.map((value) => one.text(value, NOTHING)).join(",")}]`;
  return { field: { type: "array", items: one.field }, text };
}

function singlePart({ type, resolvedType }: protobuf.Field, shapes: Map<protobuf.Type, Shape>): Part {
  if (resolvedType instanceof protobuf.Enum) {
    const names = resolvedType.valuesById;
    const allowed = Object.keys(resolvedType.values).join(",");
    return {
      field: { type: "string", parameters: { allowed } },
      text: (value: number) => JSON.stringify(names[value] ?? String(value)),
    };
  }
  if (resolvedType === null) return SCALARS[type];
  const meaning = meaningOf(resolvedType.fullName);
  if (meaning !== null) return meaning;
  const wrapped = /^\.google\.protobuf\.(?:String|Bytes|Bool|U?Int(?:32|64)|Float|Double)Value$/.test(
    resolvedType.fullName,
  );
  const { value } = resolvedType.fields;
  if (wrapped && value !== undefined) {
    const inner = SCALARS[value.type];
    const text = (message: { readonly value?: never }) =>
      inner.text(Object.hasOwn(message, "value") ? message.value! : value.defaultValue as never, NOTHING);
    return { field: inner.field, text };
  }
  const shape = shapeOf(resolvedType, shapes);
  // Types may hold themselves, which Connect's schemas cannot.
  const isBeingMade = shape.field.fields!.length < resolvedType.fieldsArray.length;
  return { field: isBeingMade ? {} : shape.field, text: (value, nullable) => shape.text(value, nullable) };
}

const integer: Part["text"] = String;
const INT32: Part = { field: { type: "int32" }, text: integer };
const INT64: Part = { field: { type: "int64" }, text: integer };

const SCALARS: Readonly<Record<string, Part>> = {
  int32: INT32,
  sint32: INT32,
  sfixed32: INT32,
  uint32: INT64,
  fixed32: INT64,
  int64: INT64,
  sint64: INT64,
  sfixed64: INT64,
  uint64: INT64,
  fixed64: INT64,
  bool: { field: { type: "boolean" }, text: String },
  float: { field: { type: "float32" }, text: floatText },
  double: { field: { type: "float64" }, text: doubleText },
  string: { field: { type: "string" }, text: (value: string) => JSON.stringify(value) },
  bytes: {
    field: { type: "bytes" },
    text: (value: Uint8Array | readonly number[]) =>
      bytesText(value instanceof Uint8Array ? value : Uint8Array.from(value)),
  },
};

/** The comment that stands at it. */
function docOf({ comment }: protobuf.ReflectionObject): { readonly doc?: string } {
  return comment === null || comment === undefined || comment === "" ? {} : { doc: comment };
}

/** A message as protobufjs takes it: without what has no place on the wire. */
function plainOf(type: protobuf.Type, payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = payload[field.name];
    if (value === null || value === undefined) continue;
    if (field.resolvedType !== null || field.repeated) {
      throw new TypeError(`a key with "${field.name}" of the type ${field.type} is not written`);
    }
    const made = field.bytes ? bytesOf(value) : typeof value === "bigint" ? String(value) : value;
    const absent = made === 0 || made === false || made === "" || made === "0" ||
      (field.bytes && (made as Uint8Array).length === 0);
    if (!absent || hasPresence(field)) plain[field.name] = made;
  }
  return plain;
}
