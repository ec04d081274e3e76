import { z } from "zod";
import { debezium, Decimal, int8, numeric, type Source } from "../../src/mod.ts";

/** The row of every random table. */
export interface Plain {
  readonly [column: string]: unknown;
  readonly id: number;
  readonly fk1: number | null;
  readonly fk2: number | null;
  readonly num: number;
  readonly dec: Decimal;
  readonly tag: string;
}

/** A source of rows of this kind. */
export type PlainSource = Source<{ id: number | bigint }, Plain>;

function plainSource(name: string): PlainSource {
  return debezium(`random.public.${name}`, {
    key: ["id"],
    row: z.object({
      id: int8(),
      fk1: int8().nullable(),
      fk2: int8().nullable(),
      num: z.int(),
      dec: numeric(10, 2),
      tag: z.string(),
    }),
  }) as unknown as PlainSource;
}

/**
 * Sources of all random topologies by name; `c` has another number of partitions than `a` and `b`, `g` and `h` are
 * global.
 */
export const SOURCES: ReadonlyMap<string, PlainSource> = new Map(
  ["a", "b", "c", "g", "h"].map((name) => [name, plainSource(name)]),
);
/** Sources that are read as global tables. */
export const GLOBALS: readonly string[] = ["g", "h"];
/** Partitions of the sources by name. */
export const PARTITIONS = { a: 3, b: 3, c: 2, g: 2, h: 1 };

/** The row without anything remarkable in it. */
export function dullRow(id: number): Plain {
  return { id, fk1: null, fk2: null, num: 0, dec: Decimal.of(0, 2), tag: "x" };
}
