import { clickhouse, type ClickHouseValue, topology } from "../../src/mod.ts";
import { orders, orderTable } from "./sources.ts";

/** `true` if two types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function holds<_Fact extends true>(): void {}

Deno.test("ClickHouseValue is the type of what a column of a type takes", () => {
  holds<Same<ClickHouseValue<"DateTime">, number>>();
  holds<Same<ClickHouseValue<"Nullable(DateTime('Europe/Berlin'))">, number | null>>();
  holds<Same<ClickHouseValue<"DateTime64(0)">, number>>();
  holds<Same<ClickHouseValue<"DateTime64(9, 'UTC')">, number>>();
  holds<Same<ClickHouseValue<"IPv4">, string>>();
  holds<Same<ClickHouseValue<"Nullable(IPv6)">, string | null>>();
  holds<Same<ClickHouseValue<"JSON">, Readonly<Record<string, unknown>> | string>>();
  holds<Same<ClickHouseValue<"Array(Array(Nullable(Int32)))">, readonly (readonly (number | null)[])[]>>();
  holds<Same<ClickHouseValue<"Map(String, Array(Int64))">, { readonly [key: string]: readonly (number | bigint)[] }>>();
  holds<
    Same<
      ClickHouseValue<"Map(Int32, Map(String, Bool))">,
      { readonly [key: number]: { readonly [key: string]: boolean } }
    >
  >();
  holds<Same<ClickHouseValue<"Dynamic">, never>>();
  holds<Same<ClickHouseValue<"Strng">, never>>();
});

Deno.test("ClickHouseValue of an Enum is its names", () => {
  holds<Same<ClickHouseValue<"Enum8('new' = 1, 'paid' = 2)">, "new" | "paid">>();
  holds<Same<ClickHouseValue<"Nullable(Enum16('a', 'b,c', 'd)'))">, "a" | "b,c" | "d)" | null>>();
  holds<Same<ClickHouseValue<"Enum('it\\'s' = -1, 'say ''x''' = 2, '' = 3)">, "it's" | "say 'x'" | "">>();
});

Deno.test("ClickHouseValue of a Tuple is an array, or an object where its elements have names", () => {
  holds<Same<ClickHouseValue<"Tuple(Int8, Nullable(String))">, readonly [number, string | null]>>();
  holds<Same<ClickHouseValue<"Tuple(Decimal(9, 2), Tuple(Bool))">["1"], readonly [boolean]>>();
  holds<
    Same<
      ClickHouseValue<"Tuple(id Int32, `odd, name` Array(String), at DateTime64(6, 'UTC'))">,
      { readonly id: number; readonly "odd, name": readonly string[]; readonly at: number }
    >
  >();
  holds<
    Same<
      ClickHouseValue<"Array(Tuple(kind Enum8('a' = 1), tags Map(String, Int8)))">,
      readonly { readonly kind: "a"; readonly tags: { readonly [key: string]: number } }[]
    >
  >();
});

Deno.test("to() refuses what is no value of a column's type", () => {
  const columns = {
    id: "Int64",
    kind: "Enum8('new' = 1, 'paid' = 2)",
    point: "Tuple(x Int32, y Int32)",
    counts: "Map(String, Int32)",
    document: "JSON",
  } as const;
  const shown = clickhouse("shown", { key: ["id"], columns });
  topology("values", (builder) => {
    const table = builder.table(orders);
    table.to(orderTable);
    const right = { kind: "new", point: { x: 1, y: 2 }, counts: { a: 1 }, document: { any: ["thing"] } } as const;
    table.mapValues(({ id }) => ({ id, ...right })).to(shown);
    table.mapValues(({ id }) => ({ id, ...right, document: '{"text":1}' })).to({
      spec: { ...shown.spec, name: "texts" },
    });
    const none = () => {
      // @ts-expect-error: "old" is no name of the Enum
      table.mapValues(({ id }) => ({ id, ...right, kind: "old" as const })).to(shown);
      // @ts-expect-error: y is missing
      table.mapValues(({ id }) => ({ id, ...right, point: { x: 1 } })).to(shown);
      // @ts-expect-error: the values are numbers
      table.mapValues(({ id }) => ({ id, ...right, counts: { a: "1" } })).to(shown);
      // @ts-expect-error: a number is no object of JSON
      table.mapValues(({ id }) => ({ id, ...right, document: 5 })).to(shown);
    };
    void none;
  });
});
