import { assertEquals } from "@std/assert";
import { EventLines } from "../../console/api/event_lines.ts";

Deno.test("EventLines reads events however they are cut", () => {
  const text = ': a comment\n\nevent: state\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\nevent: row\ndata: \u00e4\n\n';
  const expected = [
    { name: "state", data: '{"a":\n1}' },
    { name: "message", data: "x" },
    { name: "row", data: "\u00e4" },
  ];
  assertEquals(new EventLines().take(text), expected);
  for (let cut = 1; cut < text.length; cut++) {
    const lines = new EventLines();
    assertEquals([...lines.take(text.slice(0, cut)), ...lines.take(text.slice(cut))], expected, `cut at ${cut}`);
  }
  const lines = new EventLines();
  assertEquals([...text].flatMap((character) => lines.take(character)), expected, "one by one");
});
