import { assertEquals } from "@std/assert";
import { createPresses, ECHO_MS } from "../../../src/cli/start/presses.ts";

Deno.test("createPresses() tells the Ctrl-C that deno task passes on from one that is pressed again", () => {
  let nowMs = 5_000;
  const press = createPresses(() => nowMs);
  assertEquals(press(), "first");
  assertEquals(press(), "echo");
  nowMs += ECHO_MS - 1;
  assertEquals(press(), "echo");
  nowMs += 1;
  assertEquals(press(), "again");
});
