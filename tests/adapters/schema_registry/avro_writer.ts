import avro from "avsc";
import { Buffer } from "node:buffer";
import type { SmallRegistry } from "./small_registry.ts";
import { encoded } from "./support.ts";

const longs = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => a === b ? 0 : a < b ? -1 : 1,
});

/** A type of Avro, of whose unions a value is `{ <type>: value }`, and whose longs are bigints. */
export function avroType(schema: unknown): avro.Type {
  // Attributes would make it another type than the registry's.
  const plain = JSON.parse(
    JSON.stringify(schema),
    (_name, one) =>
      /^(long|int|bytes|string|float|double|boolean)$/.test(one?.type) && !("name" in one) ? one.type : one,
  );
  return avro.Type.forSchema(plain as avro.Schema, { registry: { long: longs }, wrapUnions: "always" });
}

/** Writes values of an Avro schema in the registry's form. */
export function writer(
  registry: SmallRegistry,
  { subject, schema }: { readonly subject: string; readonly schema: object },
) {
  const id = registry.register(subject, { schema: JSON.stringify(schema) });
  const type = avroType(schema);
  return { id, write: (value: unknown) => encoded(id, type.toBuffer(value)) };
}
