import { openKafka } from "../../../../src/adapters/kafka/kafka_log.ts";
import { projectPath } from "../../layout.ts";
import { killService, stackAddresses, startService } from "../../mod.ts";
import { addTopics } from "../../topics.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const VISITS = "visits";
const TOPIC = "shop.visits";
const PARTITIONS = 6;
/** Events appended at once to each partition. */
const BATCH_EVENTS = 20;
const BATCH_EVERY_MS = 100;
/** Between two kills, at most: about as long as two processes take to start and to share the tasks. */
const LIFE_MS_MAX = 8_000;
/** Weir's and the broker's deaths meet now and then. */
const KILLS_PER_OUTAGE = 7;
const OUTAGE_MS = 1_500;

/**
 * One row of each event that matters, two of some: the table is divided by what inserts do not know. And totals of all
 * events by page, by page and time, and each growth of a total as a row.
 */
const TOPOLOGY = `
import { clickhouse, clickhouseAppend, count, events, int8, max, sum, topology, tumbling } from "file://${
  projectPath("src/mod.ts")
}";
import { z } from "npm:zod@^4";

const visits = events("${TOPIC}", { row: z.object({ n: int8(), page: z.string() }) });
const seen = clickhouseAppend("${VISITS}", {
  columns: { n: "Int64", page: "String", part: "UInt8" },
  orderBy: ["n"],
  partitionBy: "part",
});

const pages = clickhouse("pages", {
  key: ["page"],
  columns: { page: "String", visits: "UInt64", sum: "Int64", greatest: "Int64" },
});
const times = clickhouse("times", {
  key: ["page", "window_start"],
  columns: { page: "String", window_start: "Int64", visits: "UInt64" },
});
const growth = clickhouseAppend("growth", { columns: { page: "String", visits: "UInt64" }, orderBy: ["page"] });

export default topology("${VISITS}", (builder) => {
  const grouped = builder.stream(visits).groupBy(({ page }) => ({ page }));
  const totals = grouped.aggregate("by_page", { visits: count(), sum: sum(({ n }) => n), greatest: max(({ n }) => n) });
  totals.to(pages);
  builder.toStream(totals).mapValues((row) => ({ page: row!.page, visits: row!.visits })).to(growth);
  const windowed = grouped.windowedBy(tumbling({ seconds: 5 }, { grace: { days: 1 } }));
  windowed.aggregate("by_time", { visits: count() }).to(times);
  builder.stream(visits)
    .filter(({ n }) => Number(n) % 4 !== 0)
    .flatMapValues(({ n, page }) => (Number(n) % 5 === 0 ? [0, 1] : [0]).map((part) => ({ n, page, part })))
    .to(seen);
});
`;

/** What must be one row alone: all events, in windows; and growths that are there once, each. */
const COUNTED = `SELECT
  (SELECT sum(visits) FROM pages) AS counted,
  (SELECT sum(visits) FROM times) AS timed,
  (SELECT count() FROM growth) AS growths,
  (SELECT count() FROM (SELECT DISTINCT page, visits FROM growth)) AS different,
  (SELECT count() FROM (SELECT page, max(visits) AS most FROM growth GROUP BY page) AS g
    INNER JOIN pages USING (page) WHERE g.most != pages.visits) AS wrong`;

/** Two processes share a stream; one after the other is killed, and the broker, too. Each record is there once. */
export const streams: Scenario = {
  title: "events are added once each, whoever is killed",
  async run(stage, options) {
    const { steps, random } = stage;
    let environment = {};
    await steps.step("a topic of events", async () => {
      const config = { "cleanup.policy": "delete", "retention.ms": "-1" };
      await addTopics(stage.layout, [{ name: TOPIC, partitions: PARTITIONS, config }]);
      environment = await stage.writeTopologies(VISITS, { [VISITS]: TOPOLOGY });
    });
    const writer = new EventWriter(stage);
    const start = () => stage.startWeir([VISITS], environment);
    const running: WeirProcess[] = [start(), start()];
    await steps.step(`${options.kills} processes are killed while events come in`, async (signal) => {
      for (let kill = 1; kill <= options.kills; kill++) {
        await sleep(random.next() * LIFE_MS_MAX);
        signal.throwIfAborted();
        const outage = kill % KILLS_PER_OUTAGE === 0;
        if (outage) await killService("kafka", "SIGKILL", stage.options);
        const [victim] = running.splice(random.chance(0.5) ? 0 : 1, 1);
        await victim.kill();
        if (outage) {
          await sleep(OUTAGE_MS);
          await startService("kafka", stage.options);
        }
        running.push(start());
      }
      return `${writer.events} events so far`;
    }, { withinMs: 20_000 * options.kills });
    await steps.step("the writer stops", async () => `${await writer.stop()} events`);
    await steps.step("Weir runs", async (signal) => {
      for (const weir of running) await weir.ready(signal);
    }, { withinMs: 120_000 });
    await stage.verify("after the kills", [VISITS], { environment });
    await steps.step("every event is counted once, in windows too, and every growth is told once", async () => {
      const [row] = await stage.query(COUNTED);
      const { events } = writer;
      const all = [row.counted, row.timed, row.growths, row.different].map(Number);
      if (all.some((count) => count !== events) || Number(row.wrong) !== 0) {
        throw new Error(`${events} events, but ${JSON.stringify(row)}`);
      }
      return `${events} events`;
    });
    await steps.step("Ctrl-C ends them in order", async (signal) => {
      for (const weir of running) await weir.end(signal);
    });
  },
};

/** Appends events to all partitions at a steady rate until told to stop, whatever becomes of the broker. */
class EventWriter {
  events = 0;
  readonly #log;
  readonly #working: Promise<void>;
  #stopping = false;

  constructor({ options }: Stage) {
    this.#log = openKafka({ brokers: [stackAddresses(options).kafka], clientId: "events" });
    this.#working = this.#work();
    this.#working.catch(() => {});
  }

  /** Resolves with how many events were written. */
  async stop(): Promise<number> {
    this.#stopping = true;
    await this.#working;
    await this.#log.close();
    return this.events;
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      await this.#log.append(Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic: TOPIC,
        partition,
        records: Array.from({ length: BATCH_EVENTS }, () => ({ key: null, value: this.#next() })),
      })));
      await sleep(BATCH_EVERY_MS);
    }
  }

  #next(): string {
    const n = this.events++;
    return JSON.stringify({ n, page: `/page/${n % 1_000}` });
  }
}
