import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { formatScaled } from "../record/decimal_text.ts";
import { ProductionError } from "../record/errors.ts";
import { digitsBeyondMicros, stepMicros } from "../record/integer_range.ts";
import { isIPv4, shownIPv6 } from "../record/ip_address.ts";
import { jsonObjectText, parseJsonObject } from "../record/json_object.ts";
import { float32 } from "./float32.ts";

/** What a column of a ClickHouse type holds of a value of a row's line. @throws ProductionError if it is refused */
export type StoredValue = (value: unknown) => unknown;

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
const UUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;
const DATE_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * How ClickHouse stores what an INSERT gives it for this column: rounded to Float32, padded to FixedString, UUIDs in
 * lower case, times in microseconds; and what it refuses: text with lone surrogates, a Decimal of too many digits, an
 * unknown element of an Enum, a text that is no UUID, address or time, one too long for its FixedString. Types that no
 * sink can declare are kept as they come: there the emulation ends.
 */
export function storedValueOf(column: { readonly name: string; readonly type: string }): StoredValue {
  return nullable(column.name, parseClickHouseType(column.type));
}

function nullable(name: string, type: ClickHouseType): StoredValue {
  const refuse = (value: unknown, reason: string): never => {
    const shown = JSON.stringify(value, (_key, part) => typeof part === "bigint" ? String(part) : part);
    throw new ProductionError(`Cannot insert "${name}" as ${type.text}: ${reason}; current value is ${shown}`, {
      retriable: false,
      reason: "content",
    });
  };
  const stored = plain(type, { name, refuse });
  return (value) => {
    if (value !== null) return stored(value);
    return type.nullable ? null : refuse(value, "it is not Nullable");
  };
}

interface Column {
  readonly name: string;
  readonly refuse: (value: unknown, reason: string) => never;
}

function plain(type: ClickHouseType, { name, refuse }: Column): StoredValue {
  const text = (value: unknown): string => {
    if (typeof value !== "string") return refuse(value, "it is no text");
    return value.isWellFormed() ? value : refuse(value, "half of a character stands alone");
  };
  switch (type.name) {
    case "Int":
    case "UInt":
      return (value) => isNumber(value) ? value : refuse(value, "it is no integer");
    case "Float":
      return (value) => {
        // Integers beyond 2^53 come with all their digits.
        const number = typeof value === "bigint" ? Number(value) : value;
        if (typeof number !== "number") return refuse(value, "it is no number");
        return type.bits === 32 ? float32(number) : number;
      };
    case "Bool":
      return (value) => typeof value === "boolean" ? value : refuse(value, "it is neither true nor false");
    case "Decimal":
      return (value) => decimal(String(value), type) ?? refuse(value, `it has more than ${type.precision} digits`);
    case "UUID":
      return (value) => uuid(text(value)) ?? refuse(value, "it is no UUID");
    case "String":
      return text;
    case "FixedString":
      return (value) => padded(text(value), type.bytes) ?? refuse(value, `it has more than ${type.bytes} bytes`);
    case "DateTime":
    case "DateTime64":
      return (value) => {
        const micros = typeof value === "string" ? dateTime(value, type.precision) : fromSteps(value, type);
        return micros ?? refuse(value, "it is no date and time");
      };
    case "Enum":
      return (value) => {
        const known = typeof value === "string" && type.elements.includes(value);
        return known ? value : refuse(value, "it is no element of the Enum");
      };
    case "IPv4":
      return (value) => isIPv4(text(value)) ? value : refuse(value, "it is no IPv4 address");
    case "IPv6":
      return (value) => shownIPv6(text(value)) ?? refuse(value, "it is no IPv6 address");
    case "Array":
    case "Map":
    case "Tuple":
    case "JSON":
      return nested(type, { name, refuse });
    case "Date":
    case "Date32":
    case "Other":
      return (value) => value;
  }
}

function nested(
  type: Extract<ClickHouseType, { name: "Array" | "Map" | "Tuple" | "JSON" }>,
  { name, refuse }: Column,
): StoredValue {
  switch (type.name) {
    case "Array": {
      const element = nullable(name, type.element);
      return (value) => Array.isArray(value) ? value.map(element) : refuse(value, "it is no array");
    }
    case "Map": {
      const [key, element] = [nullable(name, type.key), nullable(name, type.value)];
      return (value) => {
        if (!isObject(value)) return refuse(value, "it is no object");
        return Object.fromEntries(Object.entries(value).map(([text, part]) => [String(key(text)), element(part)]));
      };
    }
    case "Tuple": {
      const { names } = type;
      const elements = type.elements.map((element) => nullable(name, element));
      if (names === null) {
        return (value) =>
          Array.isArray(value) && value.length === elements.length
            ? elements.map((element, index) => element(value[index]))
            : refuse(value, `it is no array of ${elements.length} values`);
      }
      return (value) => {
        if (!isObject(value)) return refuse(value, "it is no object");
        return Object.fromEntries(names.map((label, index) => [label, elements[index](value[label] ?? null)]));
      };
    }
    case "JSON":
      return (value) => {
        if (!isObject(value)) return refuse(value, "it is no object");
        const shown = jsonObjectText(value);
        return typeof shown === "string" ? parseJsonObject(shown) : refuse(value, shown.unfit);
      };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Microseconds of so many of the type's smallest steps; null for what is no integer. */
function fromSteps(value: unknown, type: { readonly precision: number }): number | null {
  if (typeof value !== "bigint" && !Number.isInteger(value)) return null;
  return Number(BigInt(value as number) * BigInt(stepMicros(type)) / 10n ** BigInt(digitsBeyondMicros(type)));
}

/** Also digits in quotes, which ClickHouse reads as a number. */
function isNumber(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" ||
    (typeof value === "string" && /^-?\d+$/.test(value));
}

/** The text with all digits of the scale, further ones cut off; null if there are too many before the point. */
function decimal(text: string, { precision, scale }: { precision: number; scale: number }): string | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) return null;
  const [, sign, whole, fraction = ""] = parts;
  const units = BigInt(`${sign}${whole}${fraction.slice(0, scale).padEnd(scale, "0")}`);
  return String(units).replace("-", "").length > precision ? null : formatScaled(units, scale);
}

function uuid(text: string): string | null {
  const parts = UUID.exec(text.toLowerCase());
  return parts === null ? null : parts.slice(1).join("-");
}

function padded(text: string, bytes: number): string | null {
  const length = new TextEncoder().encode(text).length;
  return length > bytes ? null : text + "\0".repeat(bytes - length);
}

/** Microseconds of a text, which is in UTC if it names no zone; digits that the type lacks are cut off. */
function dateTime(text: string, precision: number): number | null {
  const parts = DATE_TIME.exec(text);
  if (parts === null) return null;
  const [, day, time = "00:00:00", fraction = "", zone = "Z"] = parts;
  const ms = Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}${zone}`);
  if (Number.isNaN(ms)) return null;
  return ms * 1000 + Number(fraction.slice(0, Math.min(precision, 6)).padEnd(6, "0"));
}
