import { assert, assertEquals } from "@std/assert";

import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import kafkajs from "kafkajs";
import { textLines } from "../../src/cli/text_lines.ts";
import type { Log } from "../../src/ports/log.ts";
import { stackLayout } from "./layout.ts";
import { killService, stackAddresses, stackUp, startService } from "./mod.ts";

const stackAllowed = Deno.env.get("WEIR_TEST_STACK") !== undefined;
const PARTITIONS = 3;
const KILLS = Number(Deno.env.get("WEIR_TEST_KILLS") ?? 12);
/** The broker is killed, too, with every so many. */
const KILLS_PER_OUTAGE = 6;
const KILLS_PER_PAUSE = 4;
/** Longer than a worker's session. */
const PAUSE_MS = 8_000;
const GROUPS = 20;
const WITHIN_MS = 120_000;

const needed = stackAllowed ? "" : " (kills services of the stack: set WEIR_TEST_STACK=1)";

Deno.test({
  name: `a consumer of committed records finds each event once while processes and the broker are killed${needed}`,
  ignore: !stackAllowed,
  // kafkajs' admin client leaves timers behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await stackUp({ kafkaOnly: true });
    const broker = stackAddresses().kafka;
    const name = `once-${crypto.randomUUID().slice(0, 8)}`;
    const log = openKafka({ brokers: [broker], clientId: "writer" });
    for (const topic of ["events", "once", "repeated", "counts"]) {
      const made = { name: `${name}.${topic}`, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 } as const;
      await log.createTopic(made);
    }
    const directory = await Deno.makeTempDir();
    const start = () => spawnWorker([broker, name, directory]);
    const consumers = [consume(broker, `${name}.once`), consume(broker, `${name}.counts`)];
    const workers = [start(), start()];
    const writing = new AbortController();
    const writer = write(`${name}.events`, { broker, signal: writing.signal });
    for (let kill = 1; kill <= KILLS; kill++) {
      await sleep(1_000 + 2_000 * Math.random());
      // One that stands still is taken for dead, and goes on where it was.
      if (kill % KILLS_PER_PAUSE === 0) await workers[0].pause(PAUSE_MS);
      const outage = kill % KILLS_PER_OUTAGE === 0;
      if (outage) await killService("kafka");
      const [victim] = workers.splice(Math.random() < 0.5 ? 0 : 1, 1);
      await victim.kill();
      if (outage) await startService("kafka");
      workers.push(start());
    }
    writing.abort();
    await writer;
    const numbers = await allOnce(log, { name, consumers });
    const repeats = (await valuesIn(log, `${name}.repeated`)).length - wantedOf(numbers).once.length;
    for (const worker of workers.splice(0)) await worker.kill();
    await forgetGroup(broker, `weir.${name}`);
    await log.append([{ topic: `${name}.events`, partition: 0, records: [eventOf(1e6), eventOf(1e6 + 1)] }]);
    workers.push(start());
    await allOnce(log, { name, consumers });
    for (const worker of workers) await worker.kill();
    for (const consumer of consumers) await consumer.stop();
    await log.close();
    await Deno.remove(directory, { recursive: true });
    assert(numbers.length > 1_000, `only ${numbers.length} events were written`);
    console.log(`${KILLS} kills: ${numbers.length} events, records once each, ${repeats} repeats beside them`);
  },
});

/** Waits until consumers have all that must be there, and a little longer. Resolves to the numbers of all events. */
async function allOnce(
  log: Log,
  { name, consumers }: { readonly name: string; readonly consumers: readonly { readonly values: readonly string[] }[] },
): Promise<number[]> {
  // An event whose acknowledgement was lost may be there twice, and is two then.
  const numbers = (await valuesIn(log, `${name}.events`)).map((value): number => JSON.parse(value).n);
  const wanted = wantedOf(numbers);
  const [once, counts] = consumers.map(({ values }) => values);
  const isShort = () => once.length < wanted.once.length || counts.length < wanted.counts.length;
  for (const deadline = Date.now() + WITHIN_MS; isShort() && Date.now() < deadline;) await sleep(200);
  // What is there too often may come later.
  await sleep(3_000);
  assertEquals(problems(once, wanted.once), []);
  assertEquals(problems(counts, wanted.counts), []);
  assertEquals(new Set(await valuesIn(log, `${name}.repeated`)), new Set(wanted.once));
  return numbers;
}

/** What must be in the topics, in any order. */
function wantedOf(
  numbers: readonly number[],
): { readonly once: readonly string[]; readonly counts: readonly string[] } {
  const once = numbers.flatMap((n) => n % 7 === 0 ? [] : n % 5 === 0 ? [n, -n] : [n]).map(String);
  const counts = Array.from({ length: GROUPS }, (_, group) => {
    const { length } = numbers.filter((n) => n % GROUPS === group);
    return Array.from({ length }, (_, at) => `{"group":"g${group}","events":${at + 1}}`);
  }).flat();
  return { once, counts };
}

/** Deletes what the group knows, as Kafka does with one that was away for a week. */
async function forgetGroup(broker: string, group: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  // Members that were killed are in it until their sessions end.
  for (let forgotten = false; !forgotten; await sleep(500)) {
    forgotten = await admin.deleteGroups([group]).then(() => true, () => false);
  }
  await admin.disconnect();
}

function eventOf(n: number) {
  return { key: null, value: `{"n":${n},"group":"g${n % GROUPS}"}` };
}

/** Values that are not there as often as they are wanted. */
function problems(values: readonly string[], wanted: readonly string[]): string[] {
  const [are, must] = [values, wanted].map(countsOf);
  const all = new Set([...are.keys(), ...must.keys()]);
  return [...all].filter((value) => are.get(value) !== must.get(value))
    .map((value) => `${value}: ${are.get(value) ?? 0} instead of ${must.get(value) ?? 0}`);
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** All that is committed. */
async function valuesIn(log: Log, topic: string): Promise<string[]> {
  const { end } = await log.offsets(topic);
  const reader = log.reader();
  const values: string[] = [];
  const left = new Set(end.keys().filter((partition) => end[partition] > 0));
  for (const partition of left) reader.seek(topic, partition, 0);
  while (left.size > 0) {
    for (const { partition, records, nextOffset } of await reader.poll(500)) {
      values.push(...records.map(({ value }) => new TextDecoder().decode(value as Uint8Array)));
      if (nextOffset >= end[partition]) left.delete(partition);
    }
  }
  await reader.close();
  return values;
}

interface Worker {
  kill(): Promise<void>;
  pause(ms: number): Promise<void>;
}

function spawnWorker(args: readonly string[]): Worker {
  const path = new URL("./exactly_once_worker.ts", import.meta.url).pathname;
  const run = ["run", "-A", "--no-check", path, ...args];
  const options = { stdin: "null", stdout: "null", stderr: "inherit" } as const;
  const child = new Deno.Command(Deno.execPath(), { args: run, ...options }).spawn();
  return {
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
    async pause(ms) {
      child.kill("SIGSTOP");
      await sleep(ms);
      child.kill("SIGCONT");
    },
  };
}

/**
 * Kafka's own consumer, of committed records. Not kafkajs' (2.2.4), which shows aborted ones where transactions of
 * several producers overlap: it takes them for sorted by their first offset, as brokers do not give them.
 */
function consume(broker: string, topic: string): { readonly values: readonly string[]; stop(): Promise<void> } {
  const values: string[] = [];
  const places = new Set<string>();
  const main = "org.apache.kafka.tools.consumer.ConsoleConsumer";
  const jvm = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", `${stackLayout().libs}/kafka/*`, main];
  const asked = ["--bootstrap-server", broker, "--topic", topic, "--from-beginning"];
  const shown = ["partition", "offset"].flatMap((what) => ["--property", `print.${what}=true`]);
  const args = [...jvm, ...asked, "--isolation-level", "read_committed", ...shown];
  const child = new Deno.Command("java", { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const read = (async () => {
    for await (const lines of textLines(child.stdout)) {
      for (const line of lines) {
        const [partition, offset, value] = line.split("\t");
        // After an outage it goes on from where its group was seconds before: the same record is no second one.
        const place = `${partition} ${offset}`;
        if (places.has(place)) continue;
        places.add(place);
        values.push(value);
      }
    }
  })();
  return {
    values,
    async stop() {
      child.kill("SIGKILL");
      await Promise.all([child.status, read]);
    },
  };
}

/** Writes events at a steady rate, whatever becomes of the broker. */
async function write(
  topic: string,
  { broker, signal }: { readonly broker: string; readonly signal: AbortSignal },
): Promise<void> {
  const log = openKafka({ brokers: [broker], clientId: "events" });
  let written = 0;
  while (!signal.aborted) {
    const batches = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic,
      partition,
      records: Array.from({ length: 5 }, () => eventOf(written++)),
    }));
    await log.append(batches);
    await sleep(50);
  }
  await log.close();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
