import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, events, int8, topology } from "../../src/mod.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";
import { keyOfColumns } from "../../src/record/key.ts";

const moves = events("shop.moves", {
  key: z.object({ b: int8(), a: z.string() }),
  row: z.object({ place: z.string() }),
});
const shown = clickhouse("shown", { key: ["a", "b"], columns: { a: "String", b: "Int64", place: "String" } });

Deno.test("computeSinks() gives callbacks the key of rows that do not tell which of their columns it is", () => {
  const app = topology("moves", (builder) => {
    builder.stream(moves).toTable("newest").mapValues(({ a, b }, key) => ({ a, b, place: Object.keys(key).join() })).to(
      shown,
    );
  });
  const row = { a: "x", b: 7, place: "p" };
  const folded = () => [[keyOfColumns({ a: "x", b: 7 }), row, ["a", "b"]] as const];
  const [{ rows }] = computeSinks(app, () => [], { folded }).values();
  assertEquals([...rows.values()], [{ a: "x", b: 7, place: "a,b" }]);
});
