import { isBase64 } from "./base64.ts";
import { type ColumnType, type Refusal, REFUSED, wrongType } from "./column_type.ts";

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

/**
 * So many hexadecimal digits are base64 by chance once in 10^14 values. Fewer ones may be either, and are taken for
 * base64.
 */
const HEX = /^[0-9a-f]{24,}$/;

/**
 * bytea and bit strings: base64 text (`binary.handling.mode` bytes or base64). Mode hex writes texts that are valid
 * base64 of other bytes: they are refused, as far as they can be told.
 */
export const byteaType: ColumnType<string> = {
  name: "bytea",
  exact: null,
  read: (wire) => typeof wire === "string" && isBase64(wire) && !HEX.test(wire) ? wire : REFUSED,
  refusal(wire) {
    const { reason, message } = wrongType("base64 text", wire);
    const hint = typeof wire === "string" ? ". Set binary.handling.mode=base64, or declare the text as z.string()" : "";
    return { reason, message: `${message}${hint}` };
  },
};

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
