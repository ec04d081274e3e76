import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { eventLineReader } from "../../../src/cli/produce/event_lines.ts";
import { events } from "../../../src/mod.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const visits = events("visits", { row: z.object({ page: z.string() }) }).spec;
const values = events("values", { row: z.object({ value: z.object({ n: z.int() }) }) }).spec;

Deno.test("eventLineReader() says that a line with a value lacks its key, unless value is a column", () => {
  const { read } = eventLineReader([visits]);
  assertThrows(() => read('{"value":{"page":"/"}}'), ConfigError, '"value" and no "key"');
  assertEquals(read('{"key":null,"value":{"page":"/"}}').records, [{ key: null, value: '{"page":"/"}' }]);
  assertEquals(eventLineReader([values]).read('{"value":{"n":1}}').records, [{
    key: null,
    value: '{"value":{"n":1}}',
  }]);
});
