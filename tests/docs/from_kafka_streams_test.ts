import { assert, assertEquals } from "@std/assert";
import * as weir from "../../src/mod.ts";
import { TopologyTestDriver } from "../../src/testing/mod.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** All methods of the DSL of Kafka Streams 4.3 by class, without the getters of option objects. */
const METHODS: Readonly<Record<string, string>> = {
  StreamsBuilder: "stream table globalTable addStateStore addGlobalStore build",
  KStream: "filter filterNot map mapValues flatMap flatMapValues selectKey peek foreach print merge split groupByKey " +
    "groupBy repartition toTable to process processValues join leftJoin outerJoin",
  BranchedKStream: "branch defaultBranch noDefaultBranch",
  KTable: "filter filterNot mapValues transformValues toStream groupBy suppress join leftJoin outerJoin " +
    "queryableStoreName",
  GlobalKTable: "queryableStoreName",
  KGroupedTable: "count reduce aggregate",
  KGroupedStream: "count reduce aggregate cogroup windowedBy",
  CogroupedKStream: "cogroup aggregate windowedBy",
  TimeWindowedKStream: "count reduce aggregate emitStrategy",
  SessionWindowedKStream: "count reduce aggregate emitStrategy",
  TimeWindowedCogroupedKStream: "aggregate",
  SessionWindowedCogroupedKStream: "aggregate",
  TimeWindows: "ofSizeWithNoGrace ofSizeAndGrace advanceBy",
  SlidingWindows: "ofTimeDifferenceWithNoGrace ofTimeDifferenceAndGrace",
  SessionWindows: "ofInactivityGapWithNoGrace ofInactivityGapAndGrace",
  UnlimitedWindows: "of startOn",
  JoinWindows: "ofTimeDifferenceWithNoGrace ofTimeDifferenceAndGrace before after",
  EmitStrategy: "onWindowUpdate onWindowClose",
  Suppressed: "untilTimeLimit untilWindowCloses",
  BufferConfig: "maxRecords maxBytes unbounded withMaxRecords withMaxBytes withNoBound emitEarlyWhenFull " +
    "shutDownWhenFull",
  "": "Consumed Produced Grouped Joined StreamJoined TableJoined Materialized Repartitioned Branched Named " +
    "Printed",
};

/** Whether Weir's class of this name, or the function, has the method. */
function isThere(method: string): boolean {
  const [type, name] = method.split(".");
  const exported = { ...weir, StreamsBuilder: weir.TopologyBuilder } as Readonly<Record<string, unknown>>;
  const counterpart = exported[type];
  if (typeof counterpart !== "function" || name === undefined) return counterpart !== undefined;
  return name in counterpart || name in (counterpart.prototype ?? {});
}

interface Row {
  readonly method: string;
  readonly status: string;
  readonly text: string;
}

async function rowsOf(page: string): Promise<Row[]> {
  const lines = (await read(page)).split("\n");
  return lines.flatMap((line) => {
    const [, method, status, text] =
      /^\| `(\w+(?:\.\w+)?)`[^|]*\| (same|different|not yet) +\| (.*?) *\|$/.exec(line) ?? [];
    return method === undefined ? [] : [{ method, status, text }];
  });
}

Deno.test("docs/from-kafka-streams.md names every method of the DSL once, with a reason where it differs", async () => {
  const rows = await rowsOf("docs/from-kafka-streams.md");
  const wanted = Object.entries(METHODS).flatMap(([type, names]) =>
    names.split(" ").map((name) => type === "" ? name : `${type}.${name}`)
  );
  assertEquals(rows.map(({ method }) => method).sort(), wanted.sort());
  assertEquals(rows.filter(({ status, text }) => status !== "same" && text.length < 10), []);
});

Deno.test("docs/from-kafka-streams.md says what is there and what is missing as it is", async () => {
  for (const { method, status } of await rowsOf("docs/from-kafka-streams.md")) {
    if (status === "same") assert(isThere(method), `${method} is not there`);
    if (status === "not yet") assert(!isThere(method), `${method} is there, and the page says that it is not yet`);
  }
});

Deno.test("docs/from-kafka-streams.md names methods of the test driver that are there", async () => {
  const [, section] = (await read("docs/from-kafka-streams.md")).split("\n## The test driver\n");
  const named = [...section.matchAll(/`driver\.(\w+)/g)].map(([, name]) => name);
  assert(named.length >= 6, `${named.length} names were read`);
  assertEquals(named.filter((name) => !(name in TopologyTestDriver.prototype)), []);
});

Deno.test("docs/from-kafka-streams.md has the ported examples as their files have them", async () => {
  const blocks = (await read("docs/from-kafka-streams.md")).matchAll(/```ts\n(import [\s\S]*?)```/g);
  assertEquals([...blocks].map(([, code]) => code), [
    await read("examples/03_music_interest.ts"),
    await read("examples/07_page_views.ts"),
    await read("examples/06_word_count.ts"),
  ]);
});
