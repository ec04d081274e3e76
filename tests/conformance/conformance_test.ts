import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readSuites, RECORDED, type Suite } from "./recorded.ts";
import { reportText } from "./report_text.ts";
import { TABLES } from "./tables.ts";
import { runSuites, type SuiteReport, verdictsOf } from "./run_suites.ts";

const suites = new Map((await readSuites(RECORDED)).map((suite) => [suite.suite, suite]));

const kindsOf = ({ runs }: SuiteReport) => new Set(verdictsOf(runs).map(({ kind }) => kind));

const STREAMS = { stateless: 1, "stream-globaltable": 2, "stream-stream": 12, "stream-table": 10 };

for (const [name, runs] of Object.entries({ ...STREAMS, "kstream-aggregate": 2, "suppress-cogroup": 3, windows: 24 })) {
  Deno.test(`conformance: ${name} gives what Kafka Streams gives, step by step`, () => assertConforms(name, runs));
}

for (const [name, runs] of Object.entries({ "fk-join": 8, "ktable-groupby": 2, "table-filter-mapvalues": 4 })) {
  Deno.test(`conformance: ${name} is as Kafka Streams has it after every step, with 1 and 3 partitions`, () =>
    assertConforms(name, runs));
}

Deno.test("conformance: table-table is as Kafka Streams has it after every step, with 1 and 3 partitions", () =>
  assertConforms("table-table", 24));

async function assertConforms(name: string, runs: number): Promise<void> {
  const [report] = await runSuites([suites.get(name)!]);
  assertEquals([report.runs.length, report.notRun], [runs, []]);
  for (const { comparison, steps } of report.runs) assert(comparison.steps.length >= steps);
  assert(kindsOf(report).has("equal"));
  assertEquals(verdictsOf(report.runs).filter(({ kind }) => kind === "different"), []);
}

Deno.test("conformance: what Weir does not have is named, and nothing of it counts", async () => {
  const { suite, cases } = suites.get("suppress-cogroup")!;
  const suppress = cases.filter(({ name }) => name.startsWith("suppress"));
  const unknown = suppress.map((recorded) => ({ ...recorded, topology: { op: "table('left') hold(10 ms)" } }));
  const text = reportText(await runSuites([{ suite, cases: unknown }]));
  assertStringIncludes(text, "suppress-cogroup, 1 case, 60 steps: not run: needs an interpreter of these words: {");
  assertStringIncludes(text, "0 cases in 0 runs, 0 comparisons: 0 equal, 0 declared, 0 different; 1 case not run");
});

Deno.test("conformance: windows differ at the steps for which a reason is known, and at no other", async () => {
  const { suite, cases } = suites.get("windows")!;
  const [report] = await runSuites([{ suite, cases }]);
  const declared = report.runs.map(({ name, comparison }) =>
    [name.replace("_seed1", ""), comparison.steps.filter(({ kind }) => kind === "declared").length] as const
  ).filter(([, count]) => count > 0);
  assertEquals(Object.fromEntries(declared), {
    tumbling10_grace12_ON_WINDOW_CLOSE: 1,
    hopping10by4_grace0_ON_WINDOW_CLOSE: 14,
    hopping10by4_grace12_ON_WINDOW_CLOSE: 14,
    sliding10_grace0_ON_WINDOW_UPDATE: 3,
    sliding10_grace0_ON_WINDOW_CLOSE: 2,
    sliding10_grace0_SUPPRESS: 35,
    sliding10_grace12_ON_WINDOW_UPDATE: 2,
    sliding10_grace12_SUPPRESS: 21,
    session5_grace0_SUPPRESS: 4,
    session5_grace12_SUPPRESS: 6,
  });
  const tumbling = cases.find(({ name }) => name === "tumbling10_grace12_ON_WINDOW_CLOSE_seed1")!;
  const steps = tumbling.steps.map((step, index) =>
    index === 27 ? { ...step, out: [{ key: "[k0@160/170]", value: 2, ts: 163 }] } : step
  );
  const [changed] = await runSuites([{ suite, cases: [{ ...tumbling, steps }] }]);
  assertEquals(changed.runs[0].comparison.steps[27].kind, "different");
});

/** A case of one row of the left table, which is joined with nothing. */
function leftJoin(changes: { words?: Record<string, string>; value?: string } = {}): Suite {
  const { words, value = "a-null" } = changes;
  const out = [{ key: "k", value, ts: 1 }];
  return {
    suite: "own",
    cases: [{
      name: "one",
      topology: {
        op: "table-table left join",
        joiner: "value = left + '-' + right (absent side printed 'null')",
        ...words,
      },
      steps: [{ topic: "left", key: "k", value: "a", ts: 1, out }],
      finalStores: { "out-store": out },
    }],
  };
}

Deno.test("runSuites() tells what differs, after the step and at the end", async () => {
  const [equal] = await runSuites([leftJoin()]);
  assertEquals(kindsOf(equal), new Set(["equal"]));
  const reports = await runSuites([leftJoin({ value: "a-b" })]);
  assertEquals(reports[0].runs.map(({ comparison: { steps, end } }) => [...steps, ...end].map(({ kind }) => kind)), [
    ["different", "different", "different", "different", "different", "equal"],
    ["different", "different", "different", "different", "different", "equal"],
  ]);
  const text = reportText(reports);
  assertStringIncludes(
    text,
    'own, one, 1 partition: "out" after step 1, {"topic":"left","key":"k","value":"a","ts":1}: ' +
      'Weir shows [["k","a-null"]], Kafka Streams has [["k","a-b"]]',
  );
  assertStringIncludes(text, "1 case in 2 runs, 12 comparisons: 2 equal, 0 declared, 10 different; 0 cases not run");
});

Deno.test("runSuites() withholds from a versioned table what is older, but no record without a key", async () => {
  const { suite, cases: [recorded] } = leftJoin({ words: { stores: "versioned" } });
  const [step] = recorded.steps;
  const others = [{ ...step, ts: 0, value: "old" }, { ...step, key: null }, { ...step, key: null, ts: 0 }];
  const steps = [step, ...others.map((other) => ({ ...other, out: [] }))];
  const [report] = await runSuites([{ suite, cases: [{ ...recorded, steps }] }]);
  for (const { comparison } of report.runs) {
    assertEquals(comparison.steps.map(({ kind }) => kind), [
      ...["equal", "equal", "declared", "declared"],
      ...["equal", "equal", "equal", "equal"],
    ]);
    assertEquals(new Set(comparison.end.map(({ kind }) => kind)), new Set(["equal"]));
  }
});

Deno.test("runSuites() runs no topology of which it does not know every word", async () => {
  const unknown: readonly Record<string, string>[] = [
    { joiner: "value = right" },
    { extractor: "the whole value" },
    { op: "table-table cross join" },
    { op: "table-table FOREIGN-KEY outer join" },
    { retention: "1 h" },
  ];
  for (const words of unknown) {
    const [{ runs, notRun }] = await runSuites([leftJoin({ words })]);
    assertEquals([runs.length, notRun.length], [0, 1], JSON.stringify(words));
    assertStringIncludes(notRun[0].needs, "an interpreter of these words: ");
  }
});

Deno.test("runSuites() runs no steps that its tables cannot have", async () => {
  const { suite, cases: [recorded] } = leftJoin();
  const [step] = recorded.steps;
  for (const unknown of [{ topic: "middle" }, { key: 1 }, { value: { id: 1 } }]) {
    const [{ runs, notRun }] = await runSuites([{ suite, cases: [{ ...recorded, steps: [{ ...step, ...unknown }] }] }]);
    assertEquals([runs.length, notRun.length], [0, 1], JSON.stringify(unknown));
  }
});

Deno.test("runSuites() calls a case that cannot be run different", async () => {
  const broken = { ...TABLES, run: () => Promise.reject(new TypeError("no")) };
  const reports = await runSuites([leftJoin()], [broken]);
  assertEquals(kindsOf(reports[0]), new Set(["different"]));
  assertStringIncludes(reportText(reports), "own, one, 3 partitions: cannot be run: no");
});

Deno.test("readSuites() reads a directory or one file, and says what is no recorded run", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await assertRejects(() => readSuites(directory), TypeError, "it holds no .json file");
    await Deno.writeTextFile(`${directory}/b.json`, JSON.stringify(leftJoin()));
    await Deno.writeTextFile(`${directory}/notes.txt`, "no suite");
    assertEquals((await readSuites(directory)).map(({ suite }) => suite), ["own"]);
    assertEquals(await readSuites(`${directory}/b.json`), [leftJoin()]);
    await Deno.writeTextFile(`${directory}/a.json`, `{"suite":"a"}`);
    await assertRejects(() => readSuites(directory), TypeError, `a.json" as recorded runs: `);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
