import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { events, int8, sessionStore, store, topology, windowStore } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const on = ({ user_id }: { readonly user_id: unknown }) => ({ user_id });
const none = () => [];

Deno.test("describe() tells what a processor keeps, and by which clocks it is called", () => {
  const declared = topology("clicks", (builder) => {
    const all = builder.stream(clicks);
    all.process("plain", { on, process: none }).forEach(() => {});
    all.process("kept", { on, stores: { last: store<number>(), seen: store<string>() }, process: none })
      .forEach(() => {});
    all.process("timed", { on, process: none, punctuate: none }).forEach(() => {});
    const retention = { minutes: 90 };
    const stores = { last: store(), clicks: windowStore({ retention }), visits: sessionStore({ retention }) };
    all.process("both", { on, stores, process: none, punctuate: none, punctuateWallClock: none }).forEach(() => {});
  });
  const description = describe(compile(declared), declared);
  assertEquals(description.stages.map(({ name, does }) => `${name}: ${does}`), [
    "stage.plain: callbacks",
    "stage.kept: callbacks, stores last, seen",
    "stage.timed: callbacks, called by stream time",
    "stage.both: callbacks, stores last, clicks (windows, 90 min), visits (sessions, 90 min), " +
    "called by stream time and by the wall clock",
  ]);
  assertStringIncludes(describeText(description), "called by stream time and by the wall clock");
});
