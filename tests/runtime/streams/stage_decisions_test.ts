import { assertEquals } from "@std/assert";
import { StageDecisions } from "../../../src/runtime/streams/stage_decisions.ts";
import type { SourcedEvent } from "../../../src/runtime/streams/source_time.ts";

const SOURCE = "shop.clicks@id";

function event(offset: number, source = SOURCE): SourcedEvent {
  const packed = { offset, index: 0, input: 0, key: null, columns: null, value: {}, timestampUs: 0, headers: {} };
  return { source, partition: 2, event: { ...packed, via: null } };
}

const asked = (offset: number) => ({ topic: "shop.clicks", partition: 2, offset, index: 0 });

Deno.test("StageDecisions knows what was dropped, and that all else was taken since it began", () => {
  const last = new Map([[`${SOURCE}/2`, [9, 0] as [number, number]]]);
  const decisions = new StageDecisions(last);
  assertEquals(decisions.of(asked(9)), { kind: "not kept" });
  assertEquals(decisions.of(asked(10)), { kind: "not given" });
  last.set(`${SOURCE}/2`, [20, 0]);
  decisions.dropped(event(12), { reason: "late", atUs: 7 });
  decisions.dropped(event(13), { reason: "no value", atUs: null });
  assertEquals(decisions.of(asked(12)), { kind: "dropped", reason: "late", atUs: 7 });
  assertEquals(decisions.of(asked(13)), { kind: "dropped", reason: "no value", atUs: null });
  assertEquals([10, 11, 14, 20].map((offset) => decisions.of(asked(offset)).kind), Array(4).fill("taken"));
  assertEquals(decisions.of({ ...asked(20), index: 1 }), { kind: "not given" });
  assertEquals(decisions.of({ ...asked(1), topic: "shop.others" }), { kind: "not given" });
});

Deno.test("StageDecisions does not know what others decided, nor what it has forgotten", () => {
  const last = new Map([[`${SOURCE}/2`, [5_000, 0] as [number, number]]]);
  const decisions = new StageDecisions(new Map());
  const later = new StageDecisions(last);
  assertEquals([decisions.of(asked(1)).kind, later.of(asked(1)).kind], ["not given", "not kept"]);
  const begun = new StageDecisions(new Map(last));
  begun.decidedBefore(event(5_000));
  assertEquals(begun.of(asked(5_000)), { kind: "not kept" });
  const own = new Map<string, [number, number]>();
  const many = new StageDecisions(own);
  own.set(`${SOURCE}/2`, [5_000, 0]);
  for (let offset = 0; offset < 1_100; offset++) many.dropped(event(offset), { reason: "late", atUs: 1 });
  assertEquals([many.of(asked(99)).kind, many.of(asked(100)).kind], ["not kept", "dropped"]);
  assertEquals(many.of(asked(1_100)).kind, "taken");
});

Deno.test("StageDecisions does not guess which of two topics of one name is meant", () => {
  const last = new Map([[`${SOURCE}/2`, [9, 0] as [number, number]]]);
  const decisions = new StageDecisions(last);
  last.set("shop.clicks@other/2", [9, 0]);
  decisions.dropped(event(3, "shop.clicks@other"), { reason: "late", atUs: 1 });
  assertEquals(decisions.of(asked(3)), { kind: "not kept" });
});
