import { Decimal } from "../../src/record/decimal.ts";
import type { Row } from "../../src/record/row.ts";
import type { Choices } from "../oracle/random.ts";

/** Values at the borders of every form in which they may be kept. */
export const BORDERS: readonly unknown[] = [
  ...[
    0,
    -0,
    1,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    Number.MAX_SAFE_INTEGER,
    -Number.MAX_SAFE_INTEGER,
  ],
  ...[0.5, -0.1, 1e300, Number.MIN_VALUE, NaN, Infinity, -Infinity, 2n, 0n, -(2n ** 31n), 2n ** 64n, null, undefined],
  ...[true, false, "", "a", "\ud800", "\udc00x", "é\u0000", "null", "$", '"', "x".repeat(300), "1"],
  ...["1.5", "1.50", "1", "0", "-0.01", "99999999999999999999.99", "0.00000000000000000001"].map(Decimal.parse),
];

/** The kinds of values that a column mostly has; `mixed`: each time another. */
export const COLUMN_KINDS = ["integer", "wide", "float", "decimal", "word", "text", "flag", "nested", "mixed"] as const;
export type ColumnKind = typeof COLUMN_KINDS[number];

export function valueOf(kind: ColumnKind, choices: Choices): unknown {
  switch (kind) {
    case "integer":
      return choices.int(1_000) - 500;
    case "wide":
      return choices.int(1_000) * 2 ** 40;
    case "float":
      return choices.int(1_000) / 8;
    case "decimal":
      return Decimal.of(choices.int(300) - 100, choices.chance(0.9) ? 2 : 1);
    case "word":
      return choices.of(["open", "paid", "sent", "lost"]);
    case "text":
      return `text ${choices.int(2 ** 31)}`;
    case "flag":
      return choices.of([true, false, null]);
    case "nested":
      return nested(choices, 2);
    case "mixed":
      return choices.chance(0.5) ? choices.of(BORDERS) : valueOf(choices.of(COLUMN_KINDS.slice(0, -1)), choices);
  }
}

function nested(choices: Choices, depth: number): unknown {
  if (depth === 0 || choices.chance(0.4)) return choices.of(BORDERS);
  if (choices.chance(0.2)) return new Date(choices.int(1_000));
  if (choices.chance(0.5)) return Array.from({ length: choices.int(3) }, () => nested(choices, depth - 1));
  return rowOf(choices.of([["a"], ["$"], ["__proto__", "x"], ["b", "1"]]), () => nested(choices, depth - 1));
}

/** A plain object with these columns of its own, `__proto__` like any other. */
export function rowOf(names: readonly string[], value: (name: string) => unknown): Row {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}
