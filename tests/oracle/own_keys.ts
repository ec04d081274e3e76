import type { Plain } from "./plain_tables.ts";

// deno-lint-ignore no-explicit-any -- the types of a random topology are not known to the compiler
type Untyped = any;

/** What a table is keyed by; tables can be joined on their key if this is equal. */
export type Shape = "id" | "n" | "n,tag" | "id,part" | "n,part";

/** Rows by the number in `by`, or in their key, which some of them have in common; those without one are left out. */
export interface Rekeying {
  readonly op: "selectKey";
  readonly by: "num" | "fk1" | "fk2" | "key";
  readonly tagged: boolean;
}

/** As many parts as the row's number says. `named`: by a column, in which two parts of some rows are equal. */
export interface Division {
  readonly op: "flatMapValues";
  readonly named: boolean;
}

/** What the operator's rows are keyed by; null if their key would get too many columns. */
export function ownShapeOf(step: Rekeying | Division, input: Shape): Shape | null {
  if (step.op === "selectKey") return step.tagged ? "n,tag" : "n";
  return input === "id" || input === "n" ? `${input},part` : null;
}

/** A number made of a key. */
export function numberOfKey(key: Untyped): number {
  if (typeof key !== "object") return Number(key);
  return Object.values(key).reduce<number>(
    (sum, part) => sum + (typeof part === "string" ? part.length : Number(part)),
    0,
  );
}

/** The rows of both tables. `apart`: of keys that are even on the left side and odd on the right one. */
export function united(
  { apart }: { readonly apart: boolean },
  { left, right }: { readonly left: Untyped; readonly right: Untyped },
): Untyped {
  if (!apart) return left.union(right);
  const halfOf = (table: Untyped, rest: number) =>
    table.filter((_: unknown, key: Untyped) => Math.abs(numberOfKey(key)) % 2 === rest);
  return halfOf(left, 0).union(halfOf(right, 1));
}

/** The rows of a table under other keys. */
export function rekeyed({ name, by, tagged }: Rekeying & { readonly name: string }, input: Untyped): Untyped {
  return input.selectKey(name, (row: Plain, key: Untyped) => {
    const number = by === "key" ? numberOfKey(key) : row[by];
    if (number === null) return null;
    return tagged ? { tag: row.tag, n: Math.abs(number) } : { n: Math.abs(number) };
  });
}

const TAGS = ["x", "y", "zz"];

/** The parts of a table's rows. */
export function divided({ name, named }: Division & { readonly name: string }, input: Untyped): Untyped {
  const partsOf = (row: Plain) =>
    Array.from({ length: Math.abs(row.num) % 4 }, (_, at) => ({
      ...row,
      num: (row.num + at * 3) % 1_000,
      tag: TAGS[(TAGS.indexOf(row.tag) + at) % TAGS.length],
      fk1: at === 1 ? row.fk2 : row.fk1,
      ...named ? { part: row.tag === "zz" && at === 2 ? 0 : at * 2 } : {},
    }));
  return input.flatMapValues(name, named ? { key: "part" } : { position: "part" }, partsOf);
}
