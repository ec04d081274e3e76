import { assertEquals } from "@std/assert";
import { z } from "zod";
import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { Prover } from "../../../src/cli/proof/prover.ts";
import { readRecords, recordsIn } from "../../../src/cli/proof/told_records.ts";
import { tellTopics } from "../../../src/cli/proof/told_topics.ts";
import { count, debezium, events, int8, topic, topology } from "../../../src/mod.ts";
import { whenApplied } from "../../../src/runtime/applied.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createStepClock, type StepClock } from "../../../src/testing/quiescence.ts";
import { choicesOf } from "../../oracle/random.ts";
import { appendKeyed, StepRun } from "../../runtime/step_run.ts";
import { type Tables, truthOf } from "./shop.ts";

const PARTITIONS = 2;
const ORDERS = "shop.public.orders";
const TAPS = "shop.taps";
const LATEST = "shop.latest_orders";
const TOTALS = "shop.totals";

const orders = debezium(ORDERS, { key: ["id"], row: z.object({ id: int8(), status: z.string() }) });
const taps = events(TAPS, { row: z.object({ user: z.int() }) });
const written = topology("written", (builder) => {
  const table = builder.table(orders).filter(({ status }) => status !== "cancelled");
  table.to(topic(LATEST, { partitions: PARTITIONS }));
  builder.toStream(table).forEach(() => {});
  builder.stream(taps).groupBy(({ user }) => ({ user })).aggregate("taps", { n: count() })
    .to(topic(TOTALS, { key: z.object({ user: z.int() }), partitions: PARTITIONS }));
});

/** A source whose rows change, and the topics that are written. */
class TopicsWorld {
  readonly prover: Prover;
  readonly run: StepRun;
  readonly #state: Tables = { orders: new Map(), items: new Map() };

  private constructor(readonly log: EmbeddedLog, readonly clock: StepClock) {
    this.run = new StepRun(written, { clock, ports: { log } }).start();
    const instance = () => this.run.runner.instance!;
    const unknown = () => {
      throw new TypeError("no table is shown");
    };
    this.prover = new Prover({
      topologies: [written],
      source: {
        open: () => Promise.resolve(truthOf(this.#state, { wait: () => Promise.resolve(), mark: 0 })),
        unsent: () => Promise.resolve(null),
        close: () => Promise.resolve(),
      },
      ...{ shown: unknown, appended: unknown },
      standing: () => Promise.resolve({ paused: null, elsewhere: false, excuse: null }),
      applied: () => this.#applied(),
      streams: {
        withheld: () => null,
        brought: () => Promise.resolve([]),
        topics: () => tellTopics(log, instance().topics.plan),
        records: async (_, asked) => {
          const told = await readRecords(log, asked);
          return told === null ? null : recordsIn(told);
        },
      },
      pace: { rangeRows: 7, rowsMax: 100, breathe: () => Promise.resolve(), nowMs: () => clock.nowMs() },
    });
  }

  static async open(): Promise<TopicsWorld> {
    const clock = createStepClock(createManualClock());
    const log = openEmbeddedLog({ path: ":memory:", clock });
    for (const [name, cleanup] of [[ORDERS, "compact"], [TAPS, "delete"]] as const) {
      await log.createTopic({ name, partitions: PARTITIONS, cleanup, retentionMs: -1 });
    }
    const world = new TopicsWorld(log, clock);
    await world.run.settled();
    return world;
  }

  /** Null: the order is deleted. */
  async order(id: number, status: string | null): Promise<void> {
    const rows = this.#state.orders as Map<number, { id: number; status: string }>;
    const after = status === null ? null : { id, status };
    if (after === null) rows.delete(id);
    else rows.set(id, after);
    const value = after === null ? null : JSON.stringify({ op: "u", after });
    await appendKeyed(this.log, [{ key: `{"id":${id}}`, value }], { topic: ORDERS, partitions: PARTITIONS });
  }

  async tap(user: number): Promise<void> {
    const records = [{ key: null, value: `{"user":${user}}` }];
    await this.log.append([{ topic: TAPS, partition: user % PARTITIONS, records }]);
  }

  /** Somebody else writes a record behind the last one of its key. */
  async meddle(name: string, { key, value }: { readonly key: string; readonly value: string | null }): Promise<void> {
    await appendKeyed(this.log, [{ key, value }], { topic: name, partitions: PARTITIONS });
  }

  async turns(times: number): Promise<void> {
    for (let turn = 0; turn < times; turn++) {
      await this.prover.turn();
      await this.clock.pass(6_000);
    }
  }

  faults(): string[] {
    return this.prover.report().sinks.flatMap(({ sink, keys }) =>
      keys.map(({ key, kind, columns }) => [sink, key.key, kind, ...columns.map(({ name }) => name)].join(" "))
    ).sort();
  }

  async #applied(): Promise<boolean> {
    let answer: boolean | null = null;
    const options = { ready: () => this.run.runner.ready, deadlineMs: this.clock.nowMs() + 60_000 };
    whenApplied(this.run.runner.instance!, options).then((found) => answer = found);
    while (answer === null) await this.clock.pass(10);
    return answer as boolean;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run.stop();
    await this.log.close();
  }
}

Deno.test("Prover finds no fault in topics of tables while rows change, and what others write there", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const choices = choicesOf(seed);
    await using world = await TopicsWorld.open();
    for (let step = 0; step < 30; step++) {
      await world.order(choices.int(6), choices.of(["paid", "sent", "cancelled", null]));
      await world.tap(choices.int(4));
      if (choices.chance(0.3)) await world.run.settled();
      if (choices.chance(0.4)) await world.turns(1);
      assertEquals(world.faults(), [], `seed ${seed}`);
    }
    for (const id of [1, 2, 3]) await world.order(id, "paid");
    for (const user of [0, 1]) await world.tap(user);
    await world.run.settled();
    // The first comparison, a minute after the start, is over.
    await world.turns(12);
    const { sinks, leftOut } = world.prover.report();
    const seen = sinks.map(({ sink, differing, unjudged, checked }) => [sink, differing, unjudged, checked !== null]);
    const changes = `weir.written.orders.changes`;
    assertEquals(seen.map(([sink]) => sink).sort(), [LATEST, TOTALS, changes].sort());
    assertEquals(seen.every(([_, differing, unjudged, checked]) => differing === 0 && unjudged === 0 && checked), true);
    assertEquals(leftOut, []);

    await world.meddle(LATEST, { key: '{"id":1}', value: '{"id":1,"status":"lost"}' });
    await world.meddle(LATEST, { key: '{"id":2}', value: null });
    await world.meddle(TOTALS, { key: '{"user":77}', value: '{"user":77,"n":1}' });
    await world.turns(1);
    assertEquals(world.faults(), [
      `${LATEST} {"id":1} different status`,
      `${LATEST} {"id":2} missing`,
      `${TOTALS} {"user":77} extra`,
    ]);
    const explained = world.prover.report().sinks.flatMap(({ keys }) => keys.map(({ explain }) => explain));
    assertEquals(explained.toSorted(), ['{"id":1}', '{"id":2}', '{"user":77}']);
    // Its next comparison finds what hides its rows, and writes them again. A key that it does not have is not its own.
    await world.meddle(TOTALS, { key: '{"user":77}', value: null });
    await world.clock.pass(700_000);
    await world.run.settled();
    await world.turns(3);
    assertEquals(world.faults(), [], `seed ${seed}: repaired`);
  }
});
