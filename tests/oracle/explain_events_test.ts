import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, type KStream, type Topology, topology } from "../../src/mod.ts";
import { computeAppends, type OracleEvent } from "../../src/oracle/append_oracle.ts";
import { createTopologyTestDriver, type Explanation, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Choices, choicesOf } from "./random.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,40").split(",").map(Number);

const PARTITIONS = 3;
const TOPICS = ["left", "right"].map((name) => events(`shop.${name}`, { row: z.object({ n: z.int() }) }));
const SINKS = ["one", "two"].map((name) => clickhouseAppend(name, { columns: { n: "Int64" }, orderBy: ["n"] }));

type Numbers = KStream<string | null, { n: number }>;

/** A number that callbacks cannot work on. */
const BAD = 13;

function plusOne({ n }: { readonly n: number }): { n: number } {
  if (n === BAD) throw new RangeError("an unlucky number");
  return { n: n + 1 };
}

/** One operator more, of any kind. */
function step(stream: Numbers, choices: Choices): Numbers {
  const least = choices.int(12);
  switch (choices.int(8)) {
    case 0:
      return stream.filter(({ n }) => n >= least);
    case 1:
      return stream.filterNot(({ n }) => n % 3 === 0);
    case 2:
      return stream.mapValues(plusOne);
    case 3:
      return stream.flatMapValues(({ n }) => Array.from({ length: n % 3 }, (_, at) => ({ n: n * 10 + at })));
    case 4:
      return stream.map(({ n }, key) => [`${key}!`, { n: n * 2 }]);
    case 5:
      return stream.flatMap(({ n }, key) => n > least ? [[key, { n }], [`${key}?`, { n: -n }]] : []);
    case 6:
      return stream.selectKey((_, key) => `${key}`.toUpperCase());
    default:
      return stream.split({ small: ({ n }) => n < least })[choices.of(["small", "rest"] as const)];
  }
}

/** Streams of both topics, divided and united at random, and written to two tables. */
function randomStreams(choices: Choices): Topology {
  return topology("streams", (builder) => {
    const streams: Numbers[] = TOPICS.map((source) => builder.stream(source));
    for (let steps = 1 + choices.int(6); steps > 0; steps--) {
      const stream = choices.of(streams);
      streams.push(choices.chance(0.2) ? stream.merge(choices.of(streams)) : step(stream, choices));
    }
    for (const sink of SINKS) choices.of(streams).to(sink);
  });
}

/** A record as the test has written it. `value` null: what cannot be read as an event. */
interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: { readonly n: number } | null;
}

function write(driver: TopologyTestDriver, choices: Choices): Written[] {
  const counts = new Map<string, number>();
  return Array.from({ length: 30 }, (_, at): Written => {
    const source = choices.of(TOPICS);
    const partition = choices.int(PARTITIONS);
    const key = `k${choices.int(8)}`;
    const value = choices.chance(0.1) ? null : { n: choices.int(15) };
    const { topic } = source.spec;
    const offset = counts.get(`${topic}/${partition}`) ?? 0;
    counts.set(`${topic}/${partition}`, offset + 1);
    driver.send(source, { key, partition, timestampMs: 1_000 + at, value: value ?? { n: "text" } });
    return { topic, partition, offset, key, value };
  });
}

interface Judged {
  readonly record: Written;
  /** What the oracle makes of it. */
  readonly rows: readonly unknown[];
}

/** What is told of a record is what the oracle makes of it. */
function judge({ outcome, appended, deadLetters, source, steps, operator }: Explanation, judged: Judged): void {
  const { record: { topic, partition, offset, value }, rows } = judged;
  assertEquals(appended!.map(({ row }) => Number(row!.n)), rows);
  assertEquals(appended!.map(({ made }) => made!.n), rows);
  assert(appended!.every(({ isExpected, index }, at) => isExpected === true && index === at));
  assertEquals([source!.topic, source!.partition, source!.offset], [topic, partition, offset]);
  assertEquals(source!.row, value);
  assertEquals(outcome === "shown", rows.length > 0);
  if (outcome === "shown") return assertEquals(operator, null);
  if (value === null) {
    assertEquals([outcome, deadLetters[0].reason, steps], ["dead letter", "wrong_type", []]);
    return;
  }
  const failed = steps.filter((one) => one.outcome === "dead letter");
  assertEquals(outcome === "dead letter", failed.length > 0);
  if (failed.length > 0) assert(deadLetters.some((letter) => letter.operator === failed[0].operator));
  else assert(outcome === "filtered" && steps.some((one) => one.operator === operator && one.row === null));
}

async function explainsAll(seed: number, met: Set<string>): Promise<void> {
  const choices = choicesOf(seed);
  const streams = randomStreams(choices);
  await using driver = createTopologyTestDriver(streams, { partitions: PARTITIONS });
  const written = write(driver, choices);
  await driver.settle();
  const eventsOf = (topic: string) => written.flatMap((record) => eventIn(record, topic));
  const computed = computeAppends(streams, eventsOf);
  for (const { spec: { name } } of SINKS) {
    const topics = topicsOf(streams, name);
    for (const record of written) {
      const { topic, partition, offset } = record;
      const place = `${topic}/${partition}/${offset}`;
      const explained = await driver.explain(name, place);
      const rows = computed.get(name)!.flatMap(({ row, metadata }) =>
        metadata.topic === topic && metadata.partition === partition && metadata.offset === offset ? [row.n] : []
      );
      try {
        // Of a topic from which nothing comes to the table it is no place, but what a key might be.
        if (topics.has(topic)) judge(explained, { record, rows });
        else assertEquals([explained.key, explained.source, rows], [{ key: place }, null, []]);
        met.add(explained.outcome);
      } catch (error) {
        throw new Error(`seed ${seed}, ${name} of ${place} ${JSON.stringify(record)}: ${error}`, { cause: error });
      }
    }
    for (let key = 0; key < 9; key++) await newestOf(driver, { topics, name, key: `k${key}`, written });
  }
}

/** Of a key the newest record is told, of the topics whose events come to the table. */
async function newestOf(
  driver: TopologyTestDriver,
  { topics, name, key, written }: {
    readonly topics: ReadonlySet<string>;
    readonly name: string;
    readonly key: string;
    readonly written: readonly Written[];
  },
): Promise<void> {
  const { source, outcome } = await driver.explain(name, key);
  const newest = written.findLast((one) => one.key === key && one.value !== null && topics.has(one.topic));
  if (newest === undefined) return assertEquals([source, outcome], [null, "unknown"]);
  const { topic, partition, offset } = newest;
  assertEquals([source!.topic, source!.partition, source!.offset], [topic, partition, offset]);
}

/** The topics whose events come to a table. */
function topicsOf({ streams }: Topology, name: string): Set<string> {
  const way = new Set<number>();
  for (const node of streams.toReversed()) {
    if (node.name === name && node.op === "append") way.add(node.id);
    if (way.has(node.id)) node.inputs.forEach((input) => way.add(input));
  }
  return new Set(streams.flatMap((node) => node.op === "events" && way.has(node.id) ? [node.source.topic] : []));
}

function eventIn({ topic: of, partition, offset, key, value }: Written, topic: string): OracleEvent[] {
  if (of !== topic || value === null) return [];
  return [{ key, value, metadata: { topic, partition, offset, timestampUs: 0, headers: {} } }];
}

Deno.test(`explain() agrees with the oracle of each event of ${histories} random streams from ${from}`, async () => {
  const met = new Set<string>();
  for (let seed = from; seed < from + histories; seed++) await explainsAll(seed, met);
  if (histories < 40) return;
  for (const outcome of ["shown", "filtered", "dead letter"]) assert(met.has(outcome), [...met].join());
});
