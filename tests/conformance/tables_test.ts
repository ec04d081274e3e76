import { assert, assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Case, readCases, Recorded, type Shown, sorted, type Step } from "./suite.ts";
import { type Recast, recast, SOURCES } from "./topologies.ts";

/**
 * Weir against recorded runs of Kafka Streams: the results are the same after every single input. Declared differences:
 * - Results that change nothing, and those within one step, are skipped: what is compared is what is shown.
 * - A group whose last row left disappears; Kafka Streams keeps it with a count of 0.
 * - Aggregates are algebra: the recorded aggregate `log`, whose result depends on the order of updates, cannot be
 *   declared.
 * - Order is the order of the topic, never the timestamps'. Versioned stores ignore a record that is older than the
 *   newest of its key: for these cases Weir is not given such records.
 * - Sinks carry no record timestamps, so those of the results are not compared.
 * - A record without a key is a dead letter, where Kafka Streams drops it.
 */
function differing(
  topic: string,
  { shown, recorded }: { readonly shown: Shown; readonly recorded: Recorded },
): { readonly weir: Shown; readonly kafka: Shown } {
  const kafka = recorded.shown(topic);
  if (topic !== "count" && topic !== "sum") return { weir: shown, kafka };
  const empty = new Set(recorded.shown("count").filter(([, rows]) => rows === 0).map(([group]) => group));
  return { weir: shown, kafka: kafka.filter(([group]) => !empty.has(group)) };
}

function write(driver: TopologyTestDriver, { topic, key, value }: Step): void {
  const source = SOURCES[topic as keyof typeof SOURCES];
  if (key === null) {
    return driver.raw(source, { key: null, value: value === null ? null : JSON.stringify({ id: null, value }) });
  }
  const held = [...driver.rows(source)].some(([held]) => held === JSON.stringify(key));
  if (value !== null) {
    return held ? driver.update(source, { id: key, value }) : driver.insert(source, { id: key, value });
  }
  if (held) driver.delete(source, key);
  else driver.raw(source, { key: JSON.stringify({ id: key }), value: null });
}

function shown(driver: TopologyTestDriver, { sink, key, value }: Recast["results"][string]): Shown {
  return sorted(driver.select(sink).map((row) => [row[key] as string, row[value] as string | number] as const));
}

/** Steps that a versioned store would ignore are marked. */
function* inOrder({ steps, topology }: Case): Generator<{ readonly step: Step; readonly late: boolean }> {
  const versioned = topology.stores?.startsWith("versioned") ?? false;
  const newest = new Map<string, number>();
  for (const step of steps) {
    const id = `${step.topic} ${step.key}`;
    const late = versioned && step.ts < (newest.get(id) ?? 0);
    newest.set(id, Math.max(step.ts, newest.get(id) ?? 0));
    yield { step, late };
  }
}

async function runCase(recorded: Case): Promise<void> {
  const recasted = recast(recorded);
  await using driver = createTopologyTestDriver(recasted.topology, { cleanup: "delete" });
  const kafka = new Recorded();
  let keyless = 0;
  let at = 0;
  const compare = () => {
    for (const [topic, result] of Object.entries(recasted.results)) {
      const { weir, kafka: expected } = differing(topic, { shown: shown(driver, result), recorded: kafka });
      assertEquals(weir, expected, `"${topic}" after step ${at}: ${JSON.stringify(recorded.steps[at])}`);
    }
  };
  await driver.settle();
  for (const { step, late } of inOrder(recorded)) {
    if (!late) write(driver, step);
    if (step.key === null) keyless++;
    kafka.take(step.out);
    await driver.settle();
    compare();
    at++;
  }
  assertEquals(driver.deadLetters().map((letter) => letter.reason), Array(keyless).fill("null_key"));
  await driver.restart();
  at--;
  compare();
  compareStores(recorded, { recasted, driver });
}

/** Names of recorded stores, by the output that they are the table of. */
const STORES: Readonly<Record<string, string>> = { "out-store": "out", "cnt": "count", "sum": "sum" };

function compareStores(
  { finalStores = {} }: Case,
  { recasted, driver }: { readonly recasted: Recast; readonly driver: TopologyTestDriver },
): void {
  const counts = new Map(finalStores.cnt?.map(({ key, value }) => [key, value]));
  for (const [store, rows] of Object.entries(finalStores)) {
    const result = recasted.results[STORES[store] ?? ""];
    if (result === undefined) {
      assertEquals(store, "log", "only the aggregate that is no algebra has no counterpart");
      continue;
    }
    const kept = rows.filter(({ key, value }) => value !== null && counts.get(key) !== 0);
    assertEquals(shown(driver, result), sorted(kept.map(({ key, value }) => [key, value!] as const)), `store ${store}`);
  }
}

for (const suite of ["table-table", "fk-join", "ktable-groupby", "table-filter-mapvalues"]) {
  Deno.test(`conformance: ${suite} shows what Kafka Streams shows, after every step`, async (t) => {
    const cases = await readCases(suite);
    assert(cases.length > 0);
    for (const recorded of cases) await t.step(recorded.name, () => runCase(recorded));
  });
}
