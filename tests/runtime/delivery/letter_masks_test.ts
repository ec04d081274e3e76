import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { letterMasksOf } from "../../../src/runtime/delivery/letter_masks.ts";
import { MASKED } from "../../../src/record/mask.ts";

const users = debezium("t.public.users", { key: ["id"], row: z.object({ id: z.int() }), mask: ["id"] });

const masks = letterMasksOf(topology("letters", (builder) => {
  builder.table(users).mapValues((user) => user).to(clickhouse("shown", { key: ["id"], columns: { id: "Int64" } }));
}))!;

const keyOf = (operator: string, key: string) => masks.row(operator, { key, error: new Error("no") })?.key;

Deno.test("LetterMasks hides a key that is a number, a text or a list as it hides all that is no object", () => {
  for (const key of ["17", '"17"', "[17]", "null", "{"]) assertEquals(keyOf("users.mapValues", key), MASKED, key);
  assertEquals(keyOf("users.mapValues", '{"id":17}'), `{"id":"${MASKED}"}`);
});
