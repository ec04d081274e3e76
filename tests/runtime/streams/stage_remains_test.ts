import { assert, assertEquals } from "@std/assert";
import { factKeys, factValues, headRecord, isFormerOwner, ownerName } from "../../../src/formats/changelog_fact.ts";
import { clickhouse, clickhouseAppend, events, int8, session, topology } from "../../../src/mod.ts";
import type { StagePlan } from "../../../src/plan/physical.ts";
import type { LogRecord, NewRecord } from "../../../src/ports/log.ts";
import { compile } from "../../../src/plan/compile.ts";
import { StageRemains } from "../../../src/runtime/streams/stage_remains.ts";
import { z } from "zod";

const visits = clickhouse("visits", {
  columns: { user: "Int64", window_start: "Int64", count: "UInt64" },
  key: ["user", "window_start"],
});
const pairs = clickhouseAppend("pairs", { columns: { user: "Int64" }, orderBy: ["user"] });
const clicks = events("clicks", { row: z.object({ user: int8() }) });
const { stages: [SESSIONS, JOIN] } = compile(topology("t", (builder) => {
  const stream = builder.stream(clicks);
  stream.groupBy(({ user }) => ({ user })).windowedBy(session({ seconds: 10 })).count("visits").to(visits);
  const on = ({ user }: { user: number | bigint }) => ({ user });
  stream.join("other", stream, { on: [on, on], within: { seconds: 1 } }).mapValues(({ user }) => ({ user })).to(pairs);
}));

/** Those that have begun before offset 100, and the one that has begun there. */
const [OLD, OLDER, OWN] = ["50.0.a", "7.1.b", "100.0.c"];
const PRESENT = { begun: 100, number: 0 };

const at = (owner: string, to: number, more: { start?: number; gone?: boolean; seq?: number } = {}): NewRecord => {
  const { start = 5, gone = false, seq = 0 } = more;
  const element = gone ? null : { end: start, timestampUs: start, state: [to], shown: true };
  return {
    key: factKeys({ owner, key: 1 })({ start, seq }),
    value: factValues({ user: 1 })({ to, element, former: undefined }),
  };
};
const removed = (record: NewRecord): NewRecord => ({ ...record, value: null });
const head = (owner: string, to: number, { saved = null }: { saved?: unknown } = {}): NewRecord =>
  headRecord({ owner, to, origins: {}, saved, print: "", order: null });

function remainsOf(records: readonly NewRecord[], plan: StagePlan = SESSIONS): StageRemains {
  const remains = new StageRemains(plan, PRESENT);
  records.forEach((record, offset) => remains.take({ ...record, offset, timestampMs: 0 } as LogRecord));
  return remains;
}

/** As texts: what is copied, and of whom something is deleted. */
function done(records: readonly NewRecord[], plan?: StagePlan): readonly string[] | null {
  const remains = remainsOf(records, plan);
  if (!remains.mayGo) return null;
  const step = remains.portion("copy");
  return step === null ? [] : [
    ...step.copies.map(({ key, value }) => `${JSON.parse(String(key))[2]} as of ${JSON.parse(String(value))[0]}`),
    ...step.tombstones.map(({ key }) =>
      `${JSON.parse(String(key)).length > 1 ? "" : "head of "}${JSON.parse(String(key))[0]}`
    ),
  ];
}

Deno.test("isFormerOwner() goes by where starts have begun, and by the names of one start", () => {
  const name = ownerName({ begun: 7, number: 2 }, 0.25);
  const isBefore = (begun: number, number: number) => isFormerOwner(name, { begun, number });
  assertEquals([isBefore(7, 2), isBefore(7, 3), isBefore(8, 0), isBefore(6, 9)], [false, true, true, false]);
  assertEquals(isFormerOwner("1x3ab", { begun: 0, number: 0 }), true, "of an earlier version");
  assertEquals(isFormerOwner(`${name}-3`, { begun: 7, number: 2 }), false, "a copy's name");
});

Deno.test("StageRemains does nothing before the own head is behind where it has begun, and behind all others", () => {
  const facts = [at(OLD, 40), at(OLDER, 30)];
  assertEquals(done(facts), null);
  assertEquals(done([...facts, head(OLD, 40)]), null);
  assertEquals(done([...facts, head(OWN, 100)]), null);
  assertEquals(done([...facts, head(OWN, 101), head(OLD, 102)]), null);
  assertEquals(done([...facts, head(OWN, 102), head(OLD, 40)]), ["5 as of 40", OLD, OLDER, `head of ${OLD}`]);
});

const CASES: Readonly<Record<string, readonly [records: readonly NewRecord[], done: readonly string[]]>> = {
  "the greatest fact is copied, wherever it stands": [[at(OLDER, 30), at(OLD, 40), at(OLDER, 20)], [
    "5 as of 40",
    OLDER,
    OLD,
  ]],
  "an own one that is as great does": [[at(OLD, 40), at(OWN, 120)], [OLD]],
  "an own one that is less does not": [[at(OWN, 20), at(OLD, 40), at(OWN, 30)], ["5 as of 40", OLD]],
  "what is gone is copied": [[at(OLDER, 30), at(OLD, 40, { gone: true })], ["5 as of 40", OLDER, OLD]],
  "what was deleted is not deleted again": [[at(OLD, 40), at(OLDER, 30), removed(at(OLD, 40)), at(OWN, 50)], [OLDER]],
  "the copy of what was deleted is not given up": [
    [at(OLD, 40), at(OLDER, 40), removed(at(OLD, 40))],
    ["5 as of 40", OLDER],
  ],
  "what only the present one has is left alone": [[at(OWN, 110)], []],
  "elements are told apart": [[at(OLD, 40), at(OLD, 41, { start: 6 })], ["5 as of 40", "6 as of 41", OLD, OLD]],
};

for (const [name, [records, expected]] of Object.entries(CASES)) {
  Deno.test(`StageRemains.portion(): ${name}`, () => assertEquals(done([...records, head(OWN, 150)]), expected));
}

Deno.test("StageRemains.portion() copies nothing of which time alone says that it is over", () => {
  const minutes = (count: number) => count * 60_000_000;
  const element = { end: 5, timestampUs: 5, state: { value: null, waits: false }, shown: false };
  const event = {
    key: factKeys({ owner: OLD, key: 1 })({ start: 5, seq: 2 }),
    value: factValues({ user: 1 })({ to: 40, element, former: undefined }),
  };
  assertEquals(done([event, head(OWN, 150, { saved: [minutes(1), minutes(1)] })], JOIN), [OLD]);
  assertEquals(done([event, head(OWN, 150, { saved: [5, 5] })], JOIN), ["5 as of 40", OLD]);
  assertEquals(
    done([at(OLD, 40), head(OWN, 150, { saved: minutes(1) })]),
    ["5 as of 40", OLD],
    "a session is a result",
  );
});

Deno.test("StageRemains takes a part of it, says where the next one begins, and deletes it portion by portion", () => {
  const many = Array.from({ length: 50_003 }, (_, start) => at(OLD, 40, { start }));
  const remains = remainsOf([...many, at(OLDER, 41, { start: 1 }), at(OLDER, 41, { start: 50_002 }), head(OWN, 150)]);
  let [copies, tombstones] = [0, 0];
  for (let step = remains.portion("copy"); step !== null; step = remains.portion("copy")) {
    copies += step.copies.length;
    tombstones += step.tombstones.length;
    assert(step.tombstones.length <= 501);
  }
  assertEquals([copies, tombstones, remains.next], [50_000, 50_001, 50_000]);
  assertEquals(remainsOf([...many.slice(0, 50_000), head(OWN, 150)]).next, null);
});
