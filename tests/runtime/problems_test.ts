import { assertEquals } from "@std/assert";
import { Problems } from "../../src/runtime/problems.ts";

Deno.test("Problems tells changes, and when it ends no more what is solved", () => {
  const told: unknown[] = [];
  const problems = new Problems((name, problem) => told.push([name, problem]));
  problems.set("log", null);
  for (const problem of ["away", "away", null]) problems.set("log", problem);
  problems.set("clickhouse", "refuses");
  problems.end();
  problems.set("clickhouse", null);
  problems.set("log", "away");
  assertEquals(told, [["log", "away"], ["log", null], ["clickhouse", "refuses"], ["log", "away"]]);
  assertEquals(problems.list(), [{ name: "log", problem: "away" }]);
});

Deno.test("Problems.passing() leaves out what no waiting mends", () => {
  const problems = new Problems(() => {});
  problems.set("events", "40 were not counted", { lasting: true });
  assertEquals([problems.list().length, problems.passing()], [1, []]);
  problems.set("log", "away");
  assertEquals(problems.passing(), [{ name: "log", problem: "away" }]);
});
