import { assertEquals } from "@std/assert";
import type { Event } from "../../../src/cli/start/output.ts";
import { KeptEvents } from "../../../src/cli/start/kept_events.ts";
import { eventOf, failureEvent } from "../../../src/cli/start/run_events.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import type { RunEvent } from "../../../src/runtime/runner.ts";

/** What is kept of these events, one each second, the newest first. */
function keptOf(...events: readonly (Event | RunEvent)[]): KeptEvents {
  let nowMs = 0;
  const kept = new KeptEvents(() => nowMs);
  for (const event of events) {
    nowMs += 1_000;
    kept.hear("kind" in event ? eventOf("sales", event) : event);
  }
  return kept;
}

const told = (kept: KeptEvents) => kept.list().map(({ kind, sentence, count }) => `${count} ${kind}: ${sentence}`);

Deno.test("KeptEvents tells which tasks an assignment gave and took, and what restarts and failures say", () => {
  const failure = { reason: "ClickHouse is gone", kind: "ProductionError", fate: "passes", stack: null } as const;
  const kept = keptOf(
    { kind: "assigned", tasks: ["orders-0", "orders-1", "items-0", "items-1", "items-2"] },
    { kind: "assigned", tasks: ["orders-0", "orders-1", "items-0", "items-1", "items-2"] },
    { kind: "assigned", tasks: ["orders-0", "orders-2"] },
    { kind: "restart", task: "orders-0", reason: "its inbox was deleted" },
    failureEvent({ topology: "sales", failure, pauseMs: 1_000 }),
    { kind: "assigned", tasks: ["orders-0"] },
  );
  assertEquals(told(kept), [
    "1 tasks moved: sales was given orders-0: it has 1 task here",
    "1 failed: sales failed and is tried again in 1 s: ClickHouse is gone",
    '1 restart: sales starts task "orders-0" again: its inbox was deleted',
    "1 tasks moved: sales was given orders-2, and gave up orders-1, items-0, items-1, items-2: it has 2 tasks here",
    "1 tasks moved: sales was given orders-0, orders-1, items-0, items-1 and 1 other task: it has 5 tasks here",
  ]);
  assertEquals(kept.list().map(({ at, topology, level }) => [at, topology, level]).slice(0, 2), [
    [6_000, "sales", "info"],
    [5_000, "sales", "warn"],
  ]);
});

Deno.test("KeptEvents keeps a hundred events, and once what happens again and again", () => {
  const restart = (task: string): RunEvent => ({ kind: "restart", task, reason: "it broke" });
  const again = keptOf(restart("a-0"), restart("b-0"), restart("a-0"), restart("a-0"));
  assertEquals(told(again), [
    '3 restart: sales starts task "a-0" again: it broke',
    '1 restart: sales starts task "b-0" again: it broke',
  ]);
  assertEquals([again.list()[0].since, again.list()[0].at], [1_000, 4_000]);
  const problem = (text: string | null): RunEvent => ({ kind: "problem", name: "log", problem: text });
  const flapping = keptOf(problem("1 record waits"), problem(null), problem("2 records wait"));
  assertEquals(told(flapping), ["2 problem: sales: 2 records wait", "1 problem solved: sales: log works again"]);
  const many = new KeptEvents(() => 1);
  many.begin(17, { former: [], end: () => {} });
  for (let task = 0; task < 300; task++) many.hear(eventOf("sales", restart(`a-${task}`)));
  assertEquals(many.list().slice(0, 2).map(({ sentence }) => sentence), [
    "Process 17 began.",
    'sales starts task "a-201" again: it broke',
  ]);
  assertEquals(many.list().length, 100);
  const [long] = keptOf({ kind: "restart", task: "a-0", reason: `first\n${"x".repeat(5_000)}` }).list();
  assertEquals([long.sentence.length, long.sentence.includes("first x")], [400, true]);
});

Deno.test("KeptEvents keeps nothing that could quote rows", () => {
  const example: DeadLetter = {
    ...{
      topology: "sales",
      stage: "decode" as const,
      reason: "not_json",
      operator: "orders",
      error: "secret",
      occasion: null,
    },
    ...{ topic: "t", partition: 0, offset: 1, key: '{"email":"a@b"}', record: "secret", stack: null, task: null },
    ...{ epoch: 0, subject: null, timestampMs: 0 },
  };
  const kept = keptOf(
    { kind: "letters", letters: 1, example, more: false },
    { kind: "doubt", table: "orders", column: "at", message: "1700000000 is no microsecond" },
    { level: "error", name: "proof", text: "row 17 of sales differs" },
    { level: "warn", name: "left over", text: "DROP TABLE old" },
  );
  assertEquals(kept.list(), []);
});

Deno.test("KeptEvents tells how former processes ended, and notes how this one does", () => {
  const kept = new KeptEvents(() => 5_000_000);
  const noted: unknown[] = [];
  const end = (how: string, said: unknown) => noted.push([how, said]);
  const one = { startedMs: 0, endedMs: 3_600_000 };
  kept.begin(4, {
    former: [
      { ...one, pid: 1, how: "cleanly", sentence: "Ended: everything is in ClickHouse, positions are committed" },
      { ...one, pid: 2, how: "fault", sentence: "Ended, but not all is well: sales failed: no memory" },
      { ...one, pid: 3, how: "silent", sentence: null },
    ],
    end,
  });
  assertEquals(kept.list().map(({ at, level, sentence }) => [at, level, sentence]), [
    [5_000_000, "info", "Process 4 began."],
    [
      3_600_000,
      "info",
      "Process 1, which ran for 01:00:00, ended cleanly: everything is in ClickHouse, positions are committed",
    ],
    [3_600_000, "warn", "Process 2, which ran for 01:00:00, ended by a fault: sales failed: no memory"],
    [
      ...[3_600_000, "warn"],
      "Process 3, which ran for 01:00:00, ended without a word (kill -9, out of memory, power): it was last known to " +
      "live then.",
    ],
  ]);
  kept.hear({ level: "error", name: "ended", text: "Ended, but not all is well" });
  kept.failed("the demo store\ncannot write");
  kept.hear({ level: "info", name: "ended", text: "Ended" });
  assertEquals(noted, [
    ["fault", { sentence: "Ended, but not all is well", nowMs: 5_000_000 }],
    ["fault", { sentence: "the demo store cannot write", nowMs: 5_000_000 }],
    ["cleanly", { sentence: "Ended", nowMs: 5_000_000 }],
  ]);
});
