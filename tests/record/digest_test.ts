import { assertEquals } from "@std/assert";
import { digestOf } from "../../src/record/digest.ts";

Deno.test("digestOf() is cyrb53 with seed 0, since ClickHouse keeps its values", () => {
  const known = [["", 3338908027751811], ["a", 7929297801672961], ["hello", 4625896200565286]] as const;
  for (const [text, digest] of known) assertEquals(digestOf(text), digest);
  assertEquals(digestOf("héllo €"), 1836997171649126);
});
