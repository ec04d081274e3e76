import { assertEquals } from "@std/assert";
import { packHeaders } from "../../src/record/headers.ts";
import { headerIn, isForAnother, REPLAY_HEADER, replayHeader } from "../../src/record/replay_header.ts";

const place = { topology: "a", stream: "stream.clicks", topicId: "t", partition: 3, offset: 17 };
const packed = (value: string | null) => packHeaders({ w: "weir-repla", [REPLAY_HEADER]: value, z: "1" });

Deno.test("isForAnother() is true of a header that names another stream, and of nothing else", () => {
  const header = packed(replayHeader(place));
  assertEquals(headerIn(header), replayHeader(place));
  const cases = [
    [header, "a", "stream.clicks", false],
    [header, "b", "stream.clicks", true],
    [header, "a", "stream.click", true],
    [packed('"nothing"'), "a", "stream.clicks", true],
    [packed(null), "a", "stream.clicks", false],
    [packHeaders({ other: "weir-repla" }), "a", "stream.clicks", false],
    [undefined, "a", "stream.clicks", false],
  ] as const;
  for (const [headers, topology, stream, is] of cases) assertEquals(isForAnother(headers, { topology, stream }), is);
  // What is no headers at all is for the reader to refuse.
  assertEquals(isForAnother(new TextEncoder().encode(`xx${REPLAY_HEADER}`), place), false);
});
