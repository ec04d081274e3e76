import { assertEquals } from "@std/assert";
import { replayBody } from "../../console/api/replay_body.ts";

Deno.test("replayBody() sends what was typed, digit by digit, and nothing else", () => {
  assertEquals(replayBody("17", {}), '{"ids":["17"]}');
  assertEquals(
    replayBody("17", { set: '{ "id": 9007199254740993, "price": 1.10 }' }),
    '{"ids":["17"],"edit":{"id":"17","set":{ "id": 9007199254740993, "price": 1.10 }}}',
  );
  const value = '{"id":9007199254740993,"name":"\u00e4\\""}';
  assertEquals(JSON.parse(replayBody("17", { key: "k", value })).edit, { id: "17", key: "k", value });
});
