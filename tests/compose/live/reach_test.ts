import { assertEquals } from "@std/assert";
import { readCompose } from "../compose_files.ts";
import { expectedReach } from "./reach.ts";

Deno.test("expectedReach() is of every service that runs, also of those that listen nowhere", () => {
  const running = Object.entries(readCompose("compose.yaml").services)
    .filter(([, { restart }]) => restart === "unless-stopped").map(([name]) => name);
  for (const profile of ["plain", "secure"] as const) {
    const expected = expectedReach({ profile }, new Set(["weir:8686"]));
    assertEquals(Object.keys(expected).sort(), running.sort());
    assertEquals([expected["weir-proof"], expected.postgres], [["weir:8686"], []]);
  }
});
