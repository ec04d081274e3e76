import { type ColumnType, NumberText, type Refusal, REFUSED, wrongType } from "./column_type.ts";

/** PostgreSQL's bigint: a number where that is exact, else a bigint. One value has one form, so `===` compares. */
export type Int8 = number | bigint;

const GRAMMAR = /^-?\d{1,19}$/;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** int8, int4 and int2: JSON integers, also as text. */
export const int8Type: ColumnType<Int8> = {
  name: "int8",
  integers: true,
  exact: "unsafe_integers",
  read(wire) {
    // "+ 0" makes 0 of -0.
    if (typeof wire === "number") return Number.isSafeInteger(wire) ? wire + 0 : REFUSED;
    if (typeof wire === "bigint") return fitted(wire);
    const text = wire instanceof NumberText ? wire.text : wire;
    if (typeof text !== "string" || !GRAMMAR.test(text)) return REFUSED;
    const value = Number(text);
    return Number.isSafeInteger(value) ? value + 0 : fitted(BigInt(text));
  },
  refusal(wire): Refusal {
    const text = wire instanceof NumberText ? wire.text : typeof wire === "string" ? wire : "";
    if (typeof wire === "bigint" || /^-?\d+$/.test(text) || (typeof wire === "number" && Number.isInteger(wire))) {
      return { reason: "overflow", message: wrongType("an int8 with all its digits", wire).message };
    }
    return wrongType("an int8", wire);
  },
};

function fitted(value: bigint): Int8 | typeof REFUSED {
  if (value < MIN || value > MAX) return REFUSED;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
