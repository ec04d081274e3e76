import type { z } from "zod";
import { Decimal } from "../record/decimal.ts";
import { type KeyColumn, type KeyWire, plainKeyColumn } from "../record/key_column.ts";
import { readerOf } from "./column_reader.ts";
import { type BinaryMode, columnTypeOf, type TimeForm } from "./column_type.ts";

/**
 * How the connector writes decimals and times into keys and rows without a schema, where its settings decide it. Keys:
 * it matters for tables that are looked up in several partitions, since the partition of a key is the hash of the bytes
 * that the producer wrote, and other tasks compute it from the key's value. Rows: what cannot be told from a value
 * itself is read as declared. An attached schema decides by itself.
 */
export interface WireFormat {
  /** `decimal.handling.mode`. Default: `string`. Keys of mode `double` cannot be computed. */
  readonly decimals?: "string" | "precise" | "double";
  /**
   * `time.precision.mode`. Default: `adaptive`, by the precision that the column declares; without one it is
   * microseconds. Of `isostring` the form of dates alone can be computed.
   */
  readonly times?: "adaptive" | "microseconds" | "connect" | "isostring";
  /**
   * What a key of one column is. `object`, the default: `{"id":17}`. `bare`: the value alone, `17`, as
   * `ExtractField$Key` makes it. Either is read; other tasks look for a row where the declared form lies.
   */
  readonly key?: "object" | "bare";
  /**
   * `binary.handling.mode`, of `bytea()` columns. Without it base64 is read, but no text that could be hexadecimal as
   * well, unless an attached schema says which it is.
   */
  readonly binary?: BinaryMode;
}

type Schema = z.core.$ZodType;

/** What is known of a key column from its schema. */
export function keyColumnOf(
  name: string,
  { schema, format = {} }: { readonly schema: Schema | undefined; readonly format?: WireFormat },
): KeyColumn {
  const plain = { ...plainKeyColumn(name), bare: format.key === "bare" };
  if (schema === undefined) return plain;
  const inner = unwrapped(schema);
  const type = columnTypeOf(inner);
  if (type === null) {
    return passes(inner) ? plain : { ...plain, value: valueOf(inner), wire: null, texts: "several" };
  }
  switch (/^\w+/.exec(type.name)![0]) {
    case "numeric": {
      const scale = type.scale ?? null;
      const texts = scale === null ? "several" : "one";
      if (type.integer === true) return { ...plain, wire: decimalWire(scale, format) };
      return { ...plain, value: "decimal", scale, wire: decimalWire(scale, format), texts };
    }
    case "uuid":
      return { ...plain, text: "lower" };
    case "citext":
      return { ...plain, text: "lower", wire: null, texts: "several" };
    case "char":
      return {
        ...plain,
        text: "trimmed",
        wire: type.length === undefined ? null : { kind: "padded", length: type.length },
      };
    case "date":
      return { ...plain, wire: { kind: format.times === "isostring" ? "iso_date" : "plain" } };
    case "timestamp":
    case "time":
      return { ...plain, wire: timeWire(type.time!, format) };
    case "timestamptz":
      return { ...plain, wire: { kind: "zoned", precision: type.precision! } };
    case "bytea":
      return { ...plain, wire: binaryWire(format) };
    case "float8":
      // 0 and -0 are equal.
      return { ...plain, wire: null, texts: "several" };
    default:
      return plain;
  }
}

function decimalWire(scale: number | null, { decimals = "string" }: WireFormat): KeyWire | null {
  if (scale === null || decimals === "double") return null;
  return { kind: decimals === "precise" ? "decimal_bytes" : "decimal_text", scale };
}

function binaryWire({ binary = "bytes" }: WireFormat): KeyWire {
  if (binary === "hex") return { kind: "hex" };
  return { kind: binary === "base64-url-safe" ? "base64_url" : "plain" };
}

function timeWire({ unit }: TimeForm, { times = "adaptive" }: WireFormat): KeyWire | null {
  if (times === "isostring") return null;
  return { kind: times === "connect" || (times === "adaptive" && unit === "milliseconds") ? "milliseconds" : "plain" };
}

/** Without what changes no value: nullable, optional, readonly. */
export function unwrapped(schema: Schema): Schema {
  const { type, innerType } = schema._zod.def as { type: string; innerType?: Schema };
  const wraps = type === "nullable" || type === "optional" || type === "nonoptional" || type === "readonly";
  return wraps && innerType !== undefined ? unwrapped(innerType) : schema;
}

/** Whether the schema gives every value on as it came. */
function passes(schema: Schema): boolean {
  const def = schema._zod.def as z.core.$ZodTypeDef & { coerce?: boolean; options?: readonly Schema[] };
  if (def.coerce === true) return false;
  if (def.checks?.some((check) => check._zod.def.check === "overwrite")) return false;
  switch (def.type) {
    case "string":
    case "number":
    case "boolean":
    case "enum":
    case "literal":
      return true;
    case "nullable":
    case "optional":
    case "readonly":
      return passes(unwrapped(schema));
    case "union":
      return def.options!.every((option) => columnTypeOf(option) === null && passes(option));
    default:
      return false;
  }
}

/** What a schema that is no column type, and gives not every value on as it came, makes of a number. */
function valueOf(schema: Schema): KeyColumn["value"] {
  const read = readerOf(schema);
  const samples = [read("0"), read(0)];
  if (samples.some((sample) => sample instanceof Decimal)) return "decimal";
  return samples.some((sample) => typeof sample === "bigint") ? "bigint" : "plain";
}

/** Whether the column's reader gives every safe integer on as it is, so that it need not be asked. */
export function readsIntegers(schema: Schema | undefined): boolean {
  if (schema === undefined) return true;
  const type = columnTypeOf(schema);
  if (type !== null) return type.name === "int8";
  const def = schema._zod.def as z.core.$ZodTypeDef & { coerce?: boolean };
  return def.type === "number" && def.coerce !== true && (def.checks?.length ?? 0) === 0;
}
