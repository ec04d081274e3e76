import { assert, assertEquals } from "@std/assert";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import type { LetterPage, ReplayAnswer } from "../../src/cli/letters/letter_answers.ts";
import type { StoredLetter } from "../../src/adapters/local/stored_letters.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { WeirProcess } from "./e2e/weir.ts";
import { weirEnvironment } from "./launches.ts";
import { stackLayout } from "./layout.ts";
import { stackUp, startService } from "./mod.ts";

const stackAllowed = Deno.env.get("WEIR_TEST_STACK") !== undefined;
/** A ClickHouse without accounts that is there already; the stack's own if absent. */
const CLICKHOUSE = Deno.env.get("WEIR_TEST_CLICKHOUSE");
const KILLS = Number(Deno.env.get("WEIR_TEST_KILLS") ?? 6);
const PARTITIONS = 2;
const BAD_PER_KILL = 10;
const WITHIN_MS = 120_000;
const ROOT = new URL("../../", import.meta.url).pathname;

const topologyText = (topic: string) => `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouse, debezium, int8, topology } from "${ROOT}src/mod.ts";

const row = z.object({ id: int8(), age: z.int() });
const columns = { id: "Int64", age: "Int64" };

export default topology("customers", (builder) => {
  builder.table(debezium("${topic}", { key: ["id"], row })).to(clickhouse("customers", { key: ["id"], columns }));
});
`;

const needed = stackAllowed ? "" : " (kills processes beside the stack: set WEIR_TEST_STACK=1)";

Deno.test({
  name: `two instances share their dead letters, and kill -9 loses and doubles none${needed}`,
  ignore: !stackAllowed,
  // kafkajs' admin client leaves timers behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const addresses = await stackUp({ kafkaOnly: true });
    if (CLICKHOUSE === undefined) await startService("clickhouse");
    const name = `letters-${crypto.randomUUID().slice(0, 8)}`;
    const directory = await Deno.makeTempDir({ prefix: "weir_letters_" });
    const log = openKafka({ brokers: [addresses.kafka], clientId: "writer" });
    const pair = await Pair.start({ name, directory, log });
    try {
      await pair.writeBad(BAD_PER_KILL);
      await pair.ready();
      await pair.agree();
      for (let kill = 0; kill < KILLS; kill++) {
        await pair.writeBad(BAD_PER_KILL);
        // While it starts, or while it writes letters.
        await sleep((kill % 3 === 0 ? 1_500 : 8_000) * Math.random());
        // Every second one comes back without anything of its own, as on another machine.
        await pair.killOne({ forget: kill % 2 === 1 });
      }
      await pair.ready();
      await pair.agree();
      await replayedElsewhere(pair);
      await replayedAtOnce(pair);
      console.log(`${KILLS} kills: ${pair.written} letters, each once on both instances, all replayed`);
    } finally {
      await pair.end();
      await log.close();
      await Deno.remove(directory, { recursive: true });
    }
  },
});

/** A letter is corrected by the instance that does not have its task; both know what was tried, and that it is over. */
async function replayedElsewhere(pair: Pair): Promise<void> {
  const { letters: [letter] } = await pair.letters(0);
  const has = (process: WeirProcess) => process.tasks().has(`customers/${letter.task}`);
  const asked = pair.processes.findIndex((process) => !has(process));
  assert(asked >= 0, "one of them has no such task");
  const place = placeOf(letter);
  const own = (await pair.letters(asked)).letters.find((one) => placeOf(one) === place)!;
  const { results } = await pair.replay(asked, { ids: [own.id], edit: { set: { age: 7 } } });
  assertEquals(results.map(({ outcome }) => outcome), ["replayed"], JSON.stringify(results));
  pair.bad.splice(pair.bad.indexOf(place), 1);
  await pair.agree();
  for (const index of [0, 1]) {
    const { letters } = await pair.letters(index, "resolved");
    const attempts = letters.find((one) => placeOf(one) === place)!.attempts;
    assertEquals(attempts.map(({ outcome }) => outcome), ["replayed"]);
  }
}

/** Everything that is left, asked for at both at the same time. */
async function replayedAtOnce(pair: Pair): Promise<void> {
  const asked = { reason: "wrong_type", topology: "customers", edit: { set: { age: 9 } } };
  const answers = await Promise.all([pair.replay(0, asked), pair.replay(1, asked)]);
  const outcomes = answers.flatMap(({ results }) => results.map(({ outcome }) => outcome));
  assert(outcomes.includes("replayed") && !outcomes.includes("failed"), JSON.stringify(answers));
  const replayed = pair.bad.splice(0).length;
  await pair.agree();
  assert(outcomes.filter((outcome) => outcome === "replayed").length >= replayed);
}

/** Two instances of one topology, each with a directory of its own. */
class Pair {
  readonly processes: WeirProcess[] = [];
  /** Where each record lies that cannot be read. */
  readonly bad: string[] = [];
  readonly #settings: { readonly name: string; readonly directory: string; readonly log: Log };
  /** Of each instance: which directory it has. */
  readonly #data = [0, 1];
  #directories = 2;
  /** Records written so far. */
  written = 0;

  private constructor(settings: { readonly name: string; readonly directory: string; readonly log: Log }) {
    this.#settings = settings;
  }

  static async start(settings: { readonly name: string; readonly directory: string; readonly log: Log }) {
    const pair = new Pair(settings);
    const { name, directory, log } = settings;
    await log.createTopic({ name, partitions: PARTITIONS, cleanup: "compact", retentionMs: -1 });
    await Deno.mkdir(`${directory}/topologies`);
    await Deno.writeTextFile(`${directory}/topologies/customers.ts`, topologyText(name));
    for (const index of [0, 1]) pair.processes[index] = pair.#spawn(index);
    return pair;
  }

  #spawn(data: number): WeirProcess {
    const { name, directory } = this.#settings;
    return new WeirProcess(["--no-check", "--port", "0"], {
      cwd: directory,
      logFile: `${directory}/weir-${data}.log`,
      environment: {
        ...weirEnvironment(stackLayout()),
        ...CLICKHOUSE === undefined
          ? {}
          : { CLICKHOUSE_URL: CLICKHOUSE, CLICKHOUSE_USER: "", CLICKHOUSE_PASSWORD_FILE: "" },
        WEIR_TOPOLOGIES: `${directory}/topologies`,
        WEIR_DATA: `${directory}/data-${data}`,
        WEIR_DEAD_LETTERS: "topic",
        WEIR_GENERATION: "1",
        CLICKHOUSE_DATABASE: name.replaceAll("-", "_"),
        KAFKA_SESSION_TIMEOUT_MS: "6000",
      },
    });
  }

  /** Records that cannot be read, each of another key. */
  async writeBad(count: number): Promise<void> {
    const { log, name: topic } = this.#settings;
    for (let left = count; left > 0; left--) {
      const id = ++this.written;
      const key = `{"id":${id}}`;
      const value = JSON.stringify({ before: null, after: { id, age: "seven" }, source: {}, op: "c", ts_ms: 0 });
      const partition = partitionOf(key, PARTITIONS);
      const [offset] = await log.append([{ topic, partition, records: [{ key, value }] }]);
      this.bad.push(`${partition}/${offset}`);
    }
  }

  async killOne({ forget }: { readonly forget: boolean }): Promise<void> {
    const index = Math.random() < 0.5 ? 0 : 1;
    await this.processes[index].kill();
    if (forget) this.#data[index] = this.#directories++;
    this.processes[index] = this.#spawn(this.#data[index]);
  }

  async ready(): Promise<void> {
    const signal = AbortSignal.timeout(WITHIN_MS);
    await Promise.all(this.processes.map((process) => process.ready(signal)));
  }

  async letters(index: number, state: "open" | "resolved" = "open"): Promise<LetterPage> {
    const response = await fetch(`${this.processes[index].address}/api/dead-letters?limit=10000&state=${state}`);
    return await response.json();
  }

  async replay(index: number, asked: unknown): Promise<ReplayAnswer> {
    const request = { method: "POST", body: JSON.stringify(asked) };
    const response = await fetch(`${this.processes[index].address}/api/dead-letters/replay`, request);
    assert(response.ok, response.ok ? "" : await response.text());
    return await response.json();
  }

  /** Both have a letter of each bad record, once. @throws AssertionError if that does not come in time */
  async agree(): Promise<void> {
    const wanted = [...this.bad].sort();
    const deadlineMs = performance.now() + WITHIN_MS;
    for (const index of [0, 1]) {
      for (;;) {
        this.processes[index].requireAlive();
        const found = (await this.letters(index)).letters.map(placeOf).sort();
        if (JSON.stringify(found) === JSON.stringify(wanted)) break;
        if (performance.now() > deadlineMs) assertEquals(found, wanted, `instance ${index}`);
        await sleep(200);
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.discard()));
  }
}

function placeOf({ partition, offset }: Pick<StoredLetter, "partition" | "offset">): string {
  return `${partition}/${offset}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
