import { base64OfDecimal } from "../record/producer_key.ts";
import { integerOfBase64, isBase64 } from "./base64.ts";
import { type ColumnType, NumberText, type Refusal, REFUSED, wrongType } from "./column_type.ts";
import type { Int8 } from "./int8.ts";
import { float8Type } from "./text_types.ts";

const UNSIGNED_MAX = 2n ** 64n - 1n;
const FLOAT_DIGITS = 6;

/** TINYINT, SMALLINT, MEDIUMINT, INT of any width and sign. */
export function intType(name: string): ColumnType<number> {
  return {
    name,
    exact: "unsafe_integers",
    integers: true,
    read: (wire) => Number.isSafeInteger(wire) ? wire as number + 0 : REFUSED,
    refusal(wire) {
      const { reason, message } = wrongType(`${name}, an integer`, wire);
      const converted = typeof wire === "boolean" ? ". Declare what TinyIntOneToBooleanConverter writes as bool()" : "";
      return { reason, message: `${message}${converted}` };
    },
  };
}

/** TINYINT(1) that holds 0 and 1 alone, with or without the connector's TinyIntOneToBooleanConverter. */
export const boolType: ColumnType<boolean> = {
  name: "bool",
  exact: null,
  read: (wire) => typeof wire === "boolean" ? wire : wire === 0 ? false : wire === 1 ? true : REFUSED,
  refusal(wire) {
    const { reason, message } = wrongType("a bool, 0 or 1", wire);
    return { reason, message: `${message}. Declare a TINYINT(1) that holds other integers as tinyint()` };
  },
  forms: { key: () => ({ wire: null, texts: "several" }), write: (value) => Number(value) },
};

/** BIGINT UNSIGNED. With mode `long` what lies beyond 2^63 is another, negative number, and refused. */
export const unsignedBigintType: ColumnType<Int8> = {
  name: "bigint unsigned",
  exact: "unsafe_integers",
  read(wire) {
    if (typeof wire === "number") return Number.isSafeInteger(wire) && wire >= 0 ? wire + 0 : REFUSED;
    const value = unsignedIn(wire);
    if (value === null || value < 0n || value > UNSIGNED_MAX) return REFUSED;
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  },
  refusal(wire): Refusal {
    const { reason, message } = wrongType("a bigint unsigned", wire);
    if (typeof wire === "string") {
      const declare = 'declare format: { unsignedBigints: "precise" } in debezium(...)';
      return { reason, message: `${message}. If it is base64 of bigint.unsigned.handling.mode=precise, ${declare}` };
    }
    const integer = typeof wire === "bigint" || (typeof wire === "number" && Number.isInteger(wire));
    if (!integer) return { reason, message };
    const remedy = "With bigint.unsigned.handling.mode=long values beyond 9223372036854775807 arrive negative: set " +
      "bigint.unsigned.handling.mode=precise in the connector";
    return { reason: "overflow", message: `${message}. ${remedy}` };
  },
  forms: {
    declared: ({ unsignedBigints }) =>
      unsignedBigints === "precise" ? { type: "bytes", name: DECIMAL, parameters: { scale: "0" } } : null,
    convert: ({ name }) =>
      name === DECIMAL ? (wire) => typeof wire === "string" ? { scale: 0, value: wire } : wire : null,
    key: ({ unsignedBigints }) =>
      unsignedBigints === "precise" ? { wire: { kind: "decimal_bytes", scale: 0 } } : { wire: { kind: "plain" } },
    write(value, { unsignedBigints }) {
      if (unsignedBigints === "precise") return base64OfDecimal(String(value), 0);
      if (BigInt(value as Int8) < 2n ** 63n) return value;
      throw new RangeError(`Cannot write ${value} with bigint.unsigned.handling.mode=long: declare "precise"`);
    },
  },
};

const DECIMAL = "org.apache.kafka.connect.data.Decimal";

function unsignedIn(wire: unknown): bigint | null {
  if (typeof wire === "bigint") return wire;
  if (wire instanceof NumberText) return /^\d{1,20}$/.test(wire.text) ? BigInt(wire.text) : null;
  if (typeof wire !== "object" || wire === null) return null;
  const { scale, value } = wire as { scale?: unknown; value?: unknown };
  if (scale !== 0 || typeof value !== "string" || value.length > 12) return null;
  const units = integerOfBase64(value);
  return units === null ? null : BigInt(units);
}

/** FLOAT: the digits that MySQL itself prints, as a snapshot has no others. `decimals`: of FLOAT(M, D) its D. */
export function floatType(decimals: number | null): ColumnType<number> {
  return {
    ...float8Type,
    name: "float",
    read(wire) {
      const value = float8Type.read(wire);
      if (value === REFUSED) return REFUSED;
      const single = Math.fround(value);
      if (!Number.isFinite(single)) return REFUSED;
      return Number(decimals === null ? single.toPrecision(FLOAT_DIGITS) : single.toFixed(decimals)) + 0;
    },
    forms: { key: () => ({ wire: null, texts: "several" }), write: (value) => value },
  };
}

/** BIT(1): a truth value. */
export const bitType: ColumnType<boolean> = {
  name: "bit(1)",
  exact: null,
  read: (wire) => typeof wire === "boolean" ? wire : REFUSED,
  refusal: (wire) => wrongType("a bit(1), true or false", wire),
};

/** BIT(n) of several bits: an unsigned integer of base64 bytes, the lowest first. */
export function bitsType(length: number): ColumnType<Int8> {
  const name = `bit(${length})`;
  const limit = 2n ** BigInt(length);
  return {
    name,
    exact: null,
    read(wire) {
      const value = typeof wire === "string" ? lowFirst(wire) : null;
      if (value === null || value >= limit) return REFUSED;
      const small = Number(value);
      return Number.isSafeInteger(small) ? small : value;
    },
    refusal: (wire) => wrongType(`a ${name}, base64 of at most ${length} bits`, wire),
    forms: {
      key: () => ({ wire: null, texts: "several" }),
      write: (value) => base64OfBits(BigInt(value as Int8), Math.ceil(length / 8)),
    },
  };
}

function lowFirst(base64: string): bigint | null {
  if (base64.length > 12 || !isBase64(base64)) return null;
  let value = 0n;
  for (const byte of [...atob(base64)].reverse()) value = value * 256n + BigInt(byte.charCodeAt(0));
  return value;
}

function base64OfBits(value: bigint, bytes: number): string {
  const codes = Array.from({ length: bytes }, (_, place) => Number((value >> BigInt(8 * place)) & 255n));
  return btoa(String.fromCharCode(...codes));
}

/** SET: its members in the order of their declaration. */
export function setType(members: readonly string[]): ColumnType<string[]> {
  return {
    name: `set(${members.map((member) => `'${member}'`).join(", ")})`,
    exact: null,
    read(wire) {
      if (typeof wire !== "string") return REFUSED;
      const found = wire === "" ? [] : wire.split(",");
      let last = -1;
      for (const member of found) {
        const place = members.indexOf(member);
        if (place <= last) return REFUSED;
        last = place;
      }
      return found;
    },
    refusal(wire) {
      const { reason, message } = wrongType(`members of (${members.join(", ")}) in this order`, wire);
      return { reason, message: `${message}. Declare the members as in the database` };
    },
    forms: {
      key: () => ({ wire: null, texts: "several" }),
      write: (value) => Array.isArray(value) ? value.join(",") : value,
    },
  };
}

/** JSON without blanks between its parts: a snapshot has some that changes have not. */
export const compactJsonType: ColumnType<string> = {
  name: "json",
  exact: null,
  read: (wire) => typeof wire === "string" ? wire.replace(JSON_PARTS, (part) => part[0] === '"' ? part : "") : REFUSED,
  refusal: (wire) => wrongType("JSON text", wire),
  forms: { key: () => ({ wire: null, texts: "several" }), write: (value) => value },
};

const JSON_PARTS = /"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g;
