import protobuf from "protobufjs";

const INDEXES_MAX = 100;
/** Tag of the only field of what Apicurio's serializer writes: `message Ref { string name = 1; }`. */
const NAME_TAG = 0x0a;

/** The types of messages in a namespace, in the order of the file. */
export function typesIn(space: protobuf.Namespace): protobuf.Type[] {
  return space.nestedArray.filter((nested) => nested instanceof protobuf.Type);
}

/**
 * Which type a message is of, as stands before it; the reader is behind that then. Confluent's serializers write
 * indexes: a count and as many positions of types, each within the one before; 0 alone is the first type. Apicurio's
 * (2.x) writes the type's name as a message of its own, with its length.
 * @throws RangeError for what is neither @throws TypeError for what may be both, or a name that several types have
 */
export function messageType(types: readonly protobuf.Type[], reader: protobuf.Reader): protobuf.Type {
  const start = reader.pos;
  // Nearly always, and no name begins so.
  if (reader.buf[start] === 0 && types.length > 0) {
    reader.pos++;
    return types[0];
  }
  const indexed = attempt(() => typeAt(types, indexesOf(reader)));
  const behindIndexes = reader.pos;
  reader.pos = start;
  const name = nameAt(reader);
  const named = name === null ? [] : allTypes(types).filter((type) => type.name === name);
  if (named.length === 0) {
    if ("error" in indexed) throw indexed.error;
    reader.pos = behindIndexes;
    return indexed.type;
  }
  if ("type" in indexed) {
    throw new TypeError(`what stands before it may be both the name "${name}" and indexes of another message`);
  }
  if (named.length > 1) throw new TypeError(`several types of the schema have the name "${name}"`);
  return named[0];
}

type Attempt = { readonly type: protobuf.Type } | { readonly error: unknown };

function attempt(read: () => protobuf.Type): Attempt {
  try {
    return { type: read() };
  } catch (error) {
    return { error };
  }
}

function indexesOf(reader: protobuf.Reader): number[] {
  const count = reader.sint32();
  if (count === 0) return [0];
  if (count < 0 || count > INDEXES_MAX) throw new RangeError(`${count} message indexes`);
  return Array.from({ length: count }, () => reader.sint32());
}

function typeAt(types: readonly protobuf.Type[], [index, ...rest]: readonly number[]): protobuf.Type {
  const type = types[index];
  if (type === undefined) throw new RangeError(`there is no message of the index ${index}`);
  return rest.length === 0 ? type : typeAt(typesIn(type), rest);
}

/** The name in a `Ref` that begins here; null if none does. */
function nameAt(reader: protobuf.Reader): string | null {
  try {
    const end = reader.uint32() + reader.pos;
    if (reader.uint32() !== NAME_TAG) return null;
    const name = reader.string();
    return reader.pos === end ? name : null;
  } catch {
    return null;
  }
}

function allTypes(types: readonly protobuf.Type[]): protobuf.Type[] {
  return types.flatMap((type) => [type, ...allTypes(typesIn(type))]);
}
