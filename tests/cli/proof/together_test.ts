import { assertEquals } from "@std/assert";
import { proofWords } from "../../../console/state/proof_words.ts";
import type { ContinuousProof, LeftOut, SinkProof } from "../../../src/cli/proof/proof_report.ts";
import { togetherProved } from "../../../src/cli/proof/together.ts";
import { NOTHING_OPEN } from "./nothing_open.ts";

const ELSEWHERE = "another instance compares it: the one that has its first task";

function sinkOf(sink: string, rows: number): SinkProof {
  return {
    ...{ topology: "sales", sink, how: "ranges", rows, checked: "2026-01-31T10:00:00.000Z", roundMs: 5, compared: 0 },
    ...{ differing: 0, keys: [], ...NOTHING_OPEN },
  };
}

const left = (sink: string, reason = ELSEWHERE): LeftOut => ({
  ...{ topology: "sales", sink, reason },
  ...reason === ELSEWHERE ? { elsewhere: true } : {},
});

function running(second: number, parts: { sinks?: SinkProof[]; leftOut?: LeftOut[] }): ContinuousProof {
  const told = `2026-01-31T10:00:0${second}.000Z`;
  return { state: "running", reason: null, told, sinks: [], leftOut: [], ...parts };
}

const idle = (state: "off" | "starting" | "failed", { reason, told = null }: {
  readonly reason: string;
  readonly told?: string | null;
}): ContinuousProof => ({ state, reason, told, sinks: [], leftOut: [] });

const at = (instance: string, answer: ContinuousProof) => ({ instance, answer });

Deno.test("togetherProved() has each table of whoever compares it, the same whoever gathers", () => {
  const topic = left("a_topic", "it is a topic");
  const a = at("a:1", running(1, { sinks: [sinkOf("items", 7)], leftOut: [left("totals"), topic] }));
  const b = at("b:1", running(2, { sinks: [sinkOf("totals", 3)], leftOut: [topic, left("items")] }));
  const together = togetherProved(a, [b]);
  assertEquals(togetherProved(b, [a]), together);
  assertEquals(together.sinks, [sinkOf("items", 7), sinkOf("totals", 3)]);
  assertEquals(together.leftOut, [topic]);
  assertEquals([together.state, together.told], ["running", "2026-01-31T10:00:02.000Z"]);
});

Deno.test("togetherProved() takes the later word of a table that two tell of", () => {
  const a = at("a:1", running(1, { sinks: [sinkOf("items", 7)] }));
  const b = at("b:1", running(2, { sinks: [sinkOf("items", 9)] }));
  for (const [own, other] of [[a, b], [b, a]]) {
    assertEquals(togetherProved(own, [other]).sinks, [sinkOf("items", 9)]);
  }
  // A service tells one instance, and no other any more.
  const before = at("a:1", idle("failed", { reason: "it has said nothing here", told: "2026-01-31T10:00:01.000Z" }));
  assertEquals(togetherProved(before, [b]).state, "running");
  assertEquals(togetherProved(at("c:1", idle("starting", { reason: "nothing told yet" })), [b]).sinks, [
    sinkOf("items", 9),
  ]);
});

Deno.test("togetherProved() believes a service that it cannot go on, whichever instance it has told", () => {
  const before = at("a:1", running(1, { sinks: [sinkOf("items", 7)] }));
  const after = at("b:1", idle("failed", { reason: "other files", told: "2026-01-31T10:00:02.000Z" }));
  for (const [own, other] of [[before, after], [after, before]]) {
    assertEquals(togetherProved(own, [other]), after.answer);
  }
});

Deno.test("togetherProved() says why nobody compares a table that is another instance's", () => {
  const a = at("a:1", running(1, { sinks: [sinkOf("items", 7)], leftOut: [left("totals")] }));
  const reasonOf = (...others: Parameters<typeof togetherProved>[1]) => togetherProved(a, others).leftOut[0].reason;
  assertEquals(
    reasonOf(at("b:1", idle("failed", { reason: "status 1 (tried again in 5 s)" }))),
    "no instance compares it: b:1: status 1 (tried again in 5 s)",
  );
  assertEquals(
    reasonOf({ instance: "b:1", problem: "it has not answered within 2 s" }),
    "no instance compares it: b:1: it has not answered within 2 s",
  );
  assertEquals(reasonOf(at("b:1", running(1, { leftOut: [left("totals")] }))), "no instance compares it yet");
  const together = togetherProved(a, [at("b:1", running(1, {}))]);
  assertEquals(together.leftOut[0].elsewhere, true);
  const { tone, text } = proofWords(together, null);
  assertEquals([tone, text.startsWith("7 rows equal"), text.endsWith("; 1 table not compared here")], [
    "quiet",
    true,
    true,
  ]);
});

Deno.test("togetherProved() where nobody compares has the most that somebody says", () => {
  const off = at("a:1", idle("off", { reason: "it is switched off (WEIR_PROOF)" }));
  const failed = at("b:1", idle("failed", { reason: "gone", told: "2026-01-31T10:00:01.000Z" }));
  assertEquals(togetherProved(off, [failed]), failed.answer);
  assertEquals(togetherProved(off, [{ instance: "b:1", problem: "it has not answered" }]), off.answer);
  assertEquals(togetherProved(off, []), off.answer);
});
