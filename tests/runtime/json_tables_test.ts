import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, jsonTable, topology } from "../../src/mod.ts";
import type { RunOptions } from "../../src/runtime/options.ts";
import type { RunEvent } from "../../src/runtime/runner.ts";
import { createMemorySnapshots } from "../../src/testing/memory_snapshots.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { explained } from "./explain/explained.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

type Keys = "text" | "json" | "object";
const FORMS: readonly Keys[] = ["text", "json", "object"];
const PARTITIONS = 2;
const TOPICS = { "shop.prices": PARTITIONS, "shop.rates": PARTITIONS };
const ODD = 'a"b\n😀';

/** Prices in currencies and their rates, both in plain JSON, under keys of one form. */
function pricesTopology(keys: Keys) {
  const prices = jsonTable("shop.prices", {
    key: ["sku"],
    keys,
    row: z.object({ sku: z.string(), cents: z.int(), currency: z.string() }),
  });
  const rates = jsonTable("shop.rates", {
    key: ["currency"],
    keys,
    row: z.object({ currency: z.string(), percent: z.int() }),
  });
  return topology("prices", (builder) => {
    builder.table(prices).join("rate", builder.table(rates), ({ currency }) => currency)
      .mapValues(({ sku, cents, rate }) => ({ sku, cents: cents * rate.percent }))
      .to(clickhouse("priced", { key: ["sku"], columns: { sku: "String", cents: "Int64" } }));
  });
}

/** Instances of the topology on a clock that stands still. */
class Prices {
  readonly memory = createMemoryWarehouse();
  readonly snapshots = createMemorySnapshots();
  readonly #keys: Keys;
  readonly #place: Awaited<ReturnType<typeof openStepLog>>;
  readonly #runs: StepRun[] = [];

  constructor(keys: Keys, place: Awaited<ReturnType<typeof openStepLog>>) {
    this.#keys = keys;
    this.#place = place;
  }

  spawn(options: Partial<RunOptions>): StepRun {
    const { clock, log } = this.#place;
    const ports = { log, warehouse: this.memory, snapshots: this.snapshots };
    const all = { repairAfterMs: 1e9, metadataEveryMs: 1_000, ...options };
    const run = new StepRun(pricesTopology(this.#keys), { clock, ports, options: all }).start();
    this.#runs.push(run);
    return run;
  }

  /** Writes rows, or (null) tombstones, as a service would: the key's column is in the key alone. */
  async put(table: "prices" | "rates", rows: Readonly<Record<string, object | null>>): Promise<void> {
    const column = table === "prices" ? "sku" : "currency";
    const key = (value: string) =>
      this.#keys === "text" ? value : JSON.stringify(this.#keys === "json" ? value : { [column]: value });
    const records = Object.entries(rows).map(([name, row]) => ({
      key: key(name),
      value: row === null ? null : JSON.stringify(row),
    }));
    await appendKeyed(this.#place.log, records, { topic: `shop.${table}`, partitions: PARTITIONS });
  }

  async until(condition: () => boolean): Promise<void> {
    for (let step = 0; !condition(); step++) {
      if (step === 10_000) throw new TypeError(`Cannot wait for ${condition}: it never comes true`);
      await this.#place.clock.pass(10);
    }
  }

  shown(): Record<string, number> {
    return Object.fromEntries(
      this.memory.select("priced").map(({ sku, cents }) => [String(sku), Number(cents)] as const).sort(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) await run.stop();
    await this.#place.log.close();
  }
}

async function eachForm(t: Deno.TestContext, run: (world: Prices) => Promise<void>): Promise<void> {
  for (const keys of FORMS) {
    await t.step(`keys: ${keys}`, async () => {
      await using world = new Prices(keys, await openStepLog(TOPICS));
      await world.put("rates", { EUR: { percent: 100 }, GBP: { percent: 125 } });
      await world.put("prices", {
        [ODD]: { cents: 1, currency: "EUR" },
        b: { cents: 2, currency: "GBP" },
        c: { cents: 3, currency: "GBP" },
      });
      await run(world);
    });
  }
}

function told<K extends RunEvent["kind"]>(run: StepRun, kind: K): Extract<RunEvent, { readonly kind: K }>[] {
  return run.events.filter((event): event is Extract<RunEvent, { readonly kind: K }> => event.kind === kind);
}

Deno.test("standbys of jsonTable() take its tasks over with the rows that they have, and write nothing", (t) =>
  eachForm(t, async (world) => {
    const owner = world.spawn({ standbys: 1 });
    await owner.settled();
    const standby = world.spawn({ standbys: 1 });
    await world.until(() => {
      const all = [...owner.runner.status().standbys, ...standby.runner.status().standbys];
      return all.length === 2 * PARTITIONS && all.every(({ state }) => state === "ready");
    });
    await world.put("prices", { b: null, d: { cents: 4, currency: "EUR" } });
    await world.until(() => world.shown().d === 400);
    const kept = () => standby.runner.status().standbys;
    await world.until(() => kept().every(({ state, lagRecords }) => state === "ready" && lagRecords === 0));
    const rows = kept().reduce((sum, one) => sum + one.rows, 0);
    const writes = world.memory.writes();
    await owner.stop();
    await standby.settled();
    assertEquals(told(standby, "standbys took over").reduce((sum, event) => sum + event.rows, 0), rows);
    assertEquals(world.memory.writes() - writes, 0);
    await world.put("rates", { GBP: { percent: 200 } });
    await standby.settled();
    assertEquals(world.shown(), { [ODD]: 100, c: 600, d: 400 });
  }));

Deno.test("snapshots of jsonTable() are gone on from, with what came while nobody ran", (t) =>
  eachForm(t, async (world) => {
    const options = { snapshotEveryMs: 1_000 };
    const first = world.spawn(options);
    await world.until(() => world.snapshots.published.size === 2 * PARTITIONS);
    assertEquals(world.shown(), { [ODD]: 100, b: 250, c: 375 });
    await first.stop();
    await world.put("prices", { b: null, [ODD]: { cents: 7, currency: "GBP" } });
    const writes = world.memory.writes();
    const second = world.spawn(options);
    await second.settled();
    const restored = told(second, "restored");
    const sum = (of: (event: typeof restored[number]) => number) => restored.reduce((all, event) => all + of(event), 0);
    assertEquals([sum(({ tasks }) => tasks), sum(({ rows }) => rows), sum(({ records }) => records)], [4, 5, 2]);
    assertEquals(world.shown(), { [ODD]: 875, c: 375 });
    assertEquals(world.memory.writes() - writes, 2, "a row and one that is gone");
  }));

Deno.test("explain() follows rows of jsonTable() by their keys", (t) =>
  eachForm(t, async (world) => {
    const run = world.spawn({});
    await run.settled();
    const explain = (key: string) => explained(run, { table: "priced", key });
    const shown = await explain(ODD);
    assertEquals([shown.outcome, shown.steps.map(({ outcome }) => outcome)], ["shown", ["found", "matched", "mapped"]]);
    assertStringIncludes(JSON.stringify(shown.steps[1].lookup), "EUR");
    await world.put("rates", { GBP: null });
    await run.settled();
    const absent = await explain("b");
    assertEquals([absent.outcome, absent.operator], ["no partner", "prices.rate"]);
    assertStringIncludes(absent.sentence, "GBP");
    const unknown = await explain("nothing");
    assertEquals(unknown.steps, []);
  }));
