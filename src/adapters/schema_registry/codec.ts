import type { ConnectField } from "../../record/connect_field.ts";

/** A value with its schema. */
export interface Payload {
  /** The schema as JsonConverter would write it, as far as it tells what values are; the same object for one schema. */
  readonly field: ConnectField;
  /** JSON: integers with all digits, bytes in base64. */
  readonly text: string;
}

/** Reads and writes what is behind the schema's id in a message. */
export interface Codec {
  /** What values are, as {@link Payload.field}; of Protobuf those of the first message. */
  readonly field: ConnectField;
  /**
   * The value as JsonConverter writes it. `nullable`: columns of which null must not look like anything else.
   * @throws Error if the bytes are not of the schema, or do not tell such columns from others
   */
  read(bytes: Uint8Array, nullable: ReadonlySet<string>): Payload;
  /**
   * The bytes of such a value, of which integers beyond 2^53 are bigints.
   * @throws TypeError if it is not of the schema
   */
  write(payload: unknown): Uint8Array;
}

/** A schema as a registry has it. */
export interface RegisteredSchema {
  readonly type: "AVRO" | "JSON" | "PROTOBUF";
  readonly text: string;
  /** Texts of the schemas that it refers to, by the name by which it does. */
  readonly references: ReadonlyMap<string, string>;
}

/** JSON of a double as Jackson writes it: what is no number as text. */
export function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** The same of a float: the fewest digits that are read as it, as Java has them. */
export function floatText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return doubleText(short);
  }
  return doubleText(value);
}

/** JSON of bytes. */
export function bytesText(value: Uint8Array): string {
  return `"${value.toBase64()}"`;
}

/** The bytes that base64 stands for. @throws TypeError for anything else */
export function bytesOf(payload: unknown): Uint8Array {
  if (typeof payload !== "string") throw new TypeError(`expected base64, not ${typeof payload}`);
  return Uint8Array.fromBase64(payload);
}
