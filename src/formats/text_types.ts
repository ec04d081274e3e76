import { base64OfHex, isBase64 } from "./base64.ts";
import { BinaryText, type ColumnType, type Refusal, REFUSED, shown, wrongType } from "./column_type.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** json and jsonb: the JSON text as PostgreSQL writes it, unread. A JSON null is the text "null". */
export const jsonType: ColumnType<string> = {
  name: "json",
  exact: null,
  read: (wire) => typeof wire === "string" ? wire : REFUSED,
  refusal: (wire) => wrongType("JSON text", wire),
};

/** uuid of any version, in lower case as PostgreSQL writes it. */
export const uuidType: ColumnType<string> = {
  name: "uuid",
  exact: null,
  read(wire) {
    if (typeof wire !== "string" || wire.length !== 36) return REFUSED;
    if (UUID.test(wire)) return wire;
    const lower = wire.toLowerCase();
    return UUID.test(lower) ? lower : REFUSED;
  },
  refusal: (wire) => wrongType("a uuid", wire),
};

/** Of four or a multiple of it, such digits are base64 of other bytes, too. */
const HEX = /^[0-9a-f]+$/;
const DECLARE = "in debezium(...), as the connector's binary.handling.mode is";

/**
 * bytea and bit strings: base64 text. Without a schema or a declared format that tells the form of a text, base64 that
 * is hexadecimal, too, is refused: it would be other bytes.
 */
export const byteaType: ColumnType<string> = {
  name: "bytea",
  exact: null,
  binary: true,
  read(wire) {
    if (typeof wire === "string") return isBase64(wire) && !HEX.test(wire) ? wire : REFUSED;
    return wire instanceof BinaryText ? bytesIn(wire) ?? REFUSED : REFUSED;
  },
  refusal(wire) {
    if (wire instanceof BinaryText) {
      const { reason, message } = wrongType(`bytes as binary.handling.mode=${wire.mode} writes them`, wire);
      return { reason, message: `${message}. Declare format: { binary } ${DECLARE}; bit strings are z.string()` };
    }
    if (typeof wire === "string" && HEX.test(wire)) {
      const also = isBase64(wire) ? "hexadecimal or base64 of other bytes" : "hexadecimal";
      const current = `expected bytes: current value is ${shown(wire)}, which is ${also}`;
      const declare = `Declare format: { binary: "hex" }${isBase64(wire) ? ' or { binary: "base64" }' : ""} ${DECLARE}`;
      return { reason: "wrong_type", message: `${current}. ${declare}` };
    }
    const { reason, message } = wrongType("base64 text", wire);
    const hint = typeof wire !== "string"
      ? ""
      : /^[\w-]+=*$/.test(wire)
      ? `. If it is URL-safe, declare format: { binary: "base64-url-safe" } ${DECLARE}`
      : ". If these are no bytes, declare the column as z.string()";
    return { reason, message: `${message}${hint}` };
  },
};

/** In base64; null for a text that is none of its mode. */
function bytesIn({ mode, text }: BinaryText): string | null {
  if (mode === "hex") return base64OfHex(text);
  const base64 = mode === "base64-url-safe" ? text.replaceAll("-", "+").replaceAll("_", "/") : text;
  return isBase64(base64) ? base64 : null;
}

/**
 * float8 and float4, finite. -0 is 0, as PostgreSQL compares them. Java writes doubles beyond 2^53 with an exponent, so
 * a longer integer is of a bigint column: it is refused if its digits would be others
 * afterwards.
 */
export const float8Type: ColumnType<number> = {
  name: "float8",
  exact: "unsafe_integers",
  read(wire) {
    if (typeof wire === "number") return Number.isFinite(wire) ? wire + 0 : REFUSED;
    if (typeof wire !== "bigint") return REFUSED;
    const value = Number(wire);
    return String(value) === String(wire) ? value : REFUSED;
  },
  refusal(wire): Refusal {
    if (typeof wire === "bigint") {
      const { message } = wrongType("a number that a float8 holds exactly", wire);
      return { reason: "overflow", message: `${message}. Declare the column as int8()` };
    }
    const infinite = wire === "NaN" || wire === "Infinity" || wire === "-Infinity" || typeof wire === "number";
    const refusal = wrongType("a finite float8", wire);
    return infinite ? { reason: "not_finite", message: `${refusal.message}. Use null instead` } : refusal;
  },
};
