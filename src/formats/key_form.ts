import type { z } from "zod";
import { Decimal } from "../record/decimal.ts";
import { type KeyColumn, type KeyWire, plainKeyColumn } from "../record/key_column.ts";
import { readerOf } from "./column_reader.ts";
import { columnTypeOf, type TimeForm } from "./column_type.ts";
import type { WireFormat } from "./wire_format.ts";

export type { WireFormat } from "./wire_format.ts";

type Schema = z.core.$ZodType;

/** What is known of a key column from its schema. */
export function keyColumnOf(
  name: string,
  { schema, format = {} }: { readonly schema: Schema | undefined; readonly format?: WireFormat },
): KeyColumn {
  const column = jsonKeyColumn(name, { schema, format });
  if (format.key !== "text" || column.wire === null || column.wire.kind === "text") return column;
  return { ...column, wire: { kind: "text", of: column.wire } };
}

function jsonKeyColumn(
  name: string,
  { schema, format }: { readonly schema: Schema | undefined; readonly format: WireFormat },
): KeyColumn {
  const plain = { ...plainKeyColumn(name), bare: format.key === "bare" || format.key === "text" };
  if (schema === undefined) return plain;
  const inner = unwrapped(schema);
  const type = columnTypeOf(inner);
  if (type === null) {
    return passes(inner) ? plain : { ...plain, value: valueOf(inner), wire: null, texts: "several" };
  }
  if (type.forms !== undefined) return { ...plain, ...type.forms.key(format) };
  if (type.binary === true) return { ...plain, wire: binaryWire(format) };
  switch (/^\w+/.exec(type.name)![0]) {
    case "decimal":
    case "number":
    case "numeric": {
      const scale = type.scale ?? null;
      const texts = scale === null ? "several" : "one";
      if (type.integers === true) return plain;
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
    case "datetime":
    case "timestamp":
    case "time":
      return { ...plain, wire: timeWire(type.time!, format) };
    case "timestamptz":
      return { ...plain, wire: { kind: "zoned", precision: type.precision! } };
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
  if (type !== null) return type.integers === true;
  const def = schema._zod.def as z.core.$ZodTypeDef & { coerce?: boolean };
  return def.type === "number" && def.coerce !== true && (def.checks?.length ?? 0) === 0;
}
