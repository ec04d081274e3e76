import { assert, assertEquals } from "@std/assert";
import { count } from "../../../src/dsl/aggregates.ts";
import { Windows } from "../../../src/dsl/windows.ts";
import { type Case, readSuites, RECORDED } from "../../conformance/recorded.ts";
import { Machine, nodeOf } from "./machine.ts";

/** Recorded milliseconds are this machine's microseconds: windows that begin behind an event do so by one unit. */
const WINDOWS = {
  tumbling10: { kind: "time", sizeUs: 10, advanceUs: 10 },
  hopping10by4: { kind: "time", sizeUs: 10, advanceUs: 4 },
  sliding10: { kind: "sliding", sizeUs: 10 },
  session5: { kind: "session", gapUs: 5 },
} as const;

/** What each step of a case causes, in Weir and as recorded: one text for each result. */
function run({ name, topology, steps }: Case): { own: string[]; theirs: string[] }[] {
  const machine = new Machine(nodeOf({
    inputs: [{ count: count() }],
    windows: new Windows({
      ...WINDOWS[name.split("_")[0] as keyof typeof WINDOWS],
      graceUs: topology.graceMs as number,
    }),
    emit: topology.emit === "ON_WINDOW_UPDATE" ? "update" : "close",
  }));
  return steps.map(({ key, value, ts, out }) => ({
    // An event without a key is in no group.
    own: key === null ? [] : machine.take({ group: key, value, at: ts }).map((result) => {
      const { group, window_start, window_end } = result.key;
      return `[${group}@${window_start}/${window_end}] ${result.value?.count ?? null} ${result.timestampUs}`;
    }),
    theirs: out.map((result) => `${result.key} ${result.value} ${result.ts}`),
  }));
}

const [suite] = await readSuites(new URL("windows.json", RECORDED));
const caseOf = (name: string) => suite.cases.find((recorded) => recorded.name === `${name}_seed1`)!;

const EXACT = [
  ...["tumbling10", "hopping10by4"].flatMap((windows) =>
    ["grace0_ON_WINDOW_UPDATE", "grace0_SUPPRESS", "grace12_ON_WINDOW_UPDATE", "grace12_SUPPRESS"]
      .map((rest) => `${windows}_${rest}`)
  ),
  "tumbling10_grace0_ON_WINDOW_CLOSE",
  "sliding10_grace12_ON_WINDOW_CLOSE",
  ...["grace0_ON_WINDOW_UPDATE", "grace0_ON_WINDOW_CLOSE", "grace12_ON_WINDOW_UPDATE", "grace12_ON_WINDOW_CLOSE"]
    .map((rest) => `session5_${rest}`),
];

for (const name of EXACT) {
  Deno.test(`streamAggregate() gives each step's results exactly: ${name}`, () => {
    for (const [index, { own, theirs }] of run(caseOf(name)).entries()) assertEquals(own, theirs, `step ${index}`);
  });
}

/** Steps whose results Kafka Streams tells twice, as one window both ends with the event and begins behind another. */
const TWICE = [27, 43];

/**
 * Of grace 0: the event of step 39 is too late for the window that ends with it, and not for others. Kafka Streams does
 * not count it in windows that begin later.
 */
const UNCOUNTED = 40;

for (const grace of [0, 12]) {
  Deno.test(`streamAggregate() gives each step's results of sliding windows on update: grace ${grace}`, () => {
    for (const [index, { own, theirs }] of run(caseOf(`sliding10_grace${grace}_ON_WINDOW_UPDATE`)).entries()) {
      if (grace === 0 && index === UNCOUNTED) {
        assertEquals(theirs, ["[k0@220/230] 2 224", "[k0@217/227] 3 224", "[k0@214/224] 3 224"]);
        assertEquals(own, [
          "[k0@220/230] 2 224",
          "[k0@217/227] 3 224",
          "[k0@222/232] 1 224",
          "[k0@214/224] 4 224",
        ]);
      } else assertEquals(TWICE.includes(index) ? [...own, ...own] : own, theirs, `step ${index}`);
    }
  });
}

Deno.test("streamAggregate() tells sliding windows when they close, with an event that Kafka Streams loses", () => {
  const steps = run(caseOf("sliding10_grace0_ON_WINDOW_CLOSE"));
  const different = steps.filter(({ own, theirs }) => own.join() !== theirs.join());
  assertEquals(different.length, 2);
  assertEquals(different.flatMap(({ own, theirs }) => own.filter((text) => !theirs.includes(text))), [
    "[k0@214/224] 4 224",
    "[k0@222/232] 1 224",
  ]);
  assertEquals(different.flatMap(({ own, theirs }) => theirs.filter((text) => !own.includes(text))), [
    "[k0@214/224] 3 224",
  ]);
});

for (const name of ["tumbling10_grace12", "hopping10by4_grace0", "hopping10by4_grace12"]) {
  Deno.test(`streamAggregate() tells every window that closes, also those that Kafka Streams loses: ${name}`, () => {
    const suppressed = run(caseOf(`${name}_SUPPRESS`));
    let lost = 0;
    for (const [index, { own, theirs }] of run(caseOf(`${name}_ON_WINDOW_CLOSE`)).entries()) {
      assertEquals(own, suppressed[index].theirs, `step ${index}`);
      assertEquals(own.filter((text) => theirs.includes(text)), theirs, `step ${index}`);
      lost += own.length - theirs.length;
    }
    assert(lost > 0);
  });
}

for (const name of ["session5_grace0", "session5_grace12", "sliding10_grace12"]) {
  Deno.test(`streamAggregate() tells on close what suppress tells, once no event can come any more: ${name}`, () => {
    const steps = run(caseOf(`${name}_SUPPRESS`));
    const [own, theirs] = [steps.flatMap((step) => step.own), steps.flatMap((step) => step.theirs)];
    assertEquals(own.toSorted(), theirs.toSorted());
    // suppress counts the end of such a window as outside of it, and tells it before an event at its end may come.
    let ahead = 0;
    for (const [index, step] of steps.entries()) {
      ahead += step.theirs.length - step.own.length;
      assert(ahead >= 0, `step ${index}`);
    }
    assert(steps.some((step) => step.own.join() !== step.theirs.join()));
  });
}

Deno.test("streamAggregate() tells each sliding window once on close, where suppress tells some twice", () => {
  const steps = run(caseOf("sliding10_grace0_SUPPRESS"));
  const last = (texts: string[]) => new Map(texts.map((text) => [text.split(" ")[0], text] as const));
  const own = steps.flatMap((step) => step.own);
  assertEquals(last(own).size, own.length);
  const theirs = last(steps.flatMap((step) => step.theirs));
  assertEquals(own.filter((text) => theirs.get(text.split(" ")[0]) !== text), [
    "[k0@214/224] 4 224",
    "[k0@222/232] 1 224",
  ]);
});

Deno.test("all recorded windows are compared", () => {
  const others = ["sliding10_grace0", "sliding10_grace12"].map((name) => `${name}_ON_WINDOW_UPDATE`);
  const closed = ["tumbling10_grace12", "hopping10by4_grace0", "hopping10by4_grace12", "sliding10_grace0"]
    .map((name) => `${name}_ON_WINDOW_CLOSE`);
  const suppressed = ["session5_grace0", "session5_grace12", "sliding10_grace0", "sliding10_grace12"]
    .map((name) => `${name}_SUPPRESS`);
  const compared = [...EXACT, ...others, ...closed, ...suppressed].map((name) => `${name}_seed1`).sort();
  assertEquals(compared, suite.cases.map(({ name }) => name).sort());
});
