import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, topology } from "../../../src/mod.ts";
import type { Reader } from "../../../src/ports/log.ts";
import { readRecords } from "../../../src/cli/proof/told_records.ts";
import { readerWith } from "../../reader_with.ts";
import { Standings } from "../../../src/cli/proof/standing.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import { type HttpServer, serveHttp } from "../../../src/cli/http_server.ts";
import type { ShownRun } from "../../../src/cli/start/shown_run.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../../runtime/step_run.ts";
import { permitted } from "../support.ts";
import { clickViews } from "./clicks.ts";

const PASSWORD = "a secret";
const TOPIC = "shop.clicks";
const COUNTS = [3, 5];
const NOTHING = { fromOffset: 1, records: [], nextOffset: 1, endOffset: 5 };

const perUrl = clickhouse("per_url", { key: ["url"], columns: { url: "String", clicks: "UInt64" } });
const totals = topology("totals", (builder) => {
  builder.stream(events(TOPIC, { row: z.object({ n: z.int(), url: z.string() }) })).groupBy(({ url }) => ({ url }))
    .aggregate("urls", { clicks: count() }).to(perUrl);
});

/** What an instance says, at an address that is known before its run is there. */
class Told {
  run: StepRun | null = null;
  readonly standings: Standings;
  readonly server: HttpServer;

  constructor(topology = clickViews) {
    const runner = () => this.run?.runner ?? null;
    const shown = {
      ...{ name: topology.name, state: "running" },
      get runner() {
        return runner();
      },
    } as ShownRun;
    this.standings = new Standings([shown], { password: PASSWORD });
    this.server = serveHttp({ host: "127.0.0.1", port: 0 }, guarded(this.standings.routes(), { password: PASSWORD }));
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }
}

Deno.test({
  name:
    "Standings.brought() tells how far all instances have brought their partitions out, and records() what is there",
  ignore: !permitted,
  fn: async () => {
    const { clock, log } = await openStepLog({ [TOPIC]: COUNTS.length });
    for (const [partition, count] of COUNTS.entries()) {
      const records = Array.from({ length: count }, (_, n) => ({ key: `${n}`, value: `{"n":${n},"url":"/${n}"}` }));
      await log.append([{ topic: TOPIC, partition, records }]);
    }
    const warehouse = createMemoryWarehouse();
    const instances = [new Told(), new Told()];
    try {
      for (const instance of instances) {
        const options = { applicationServer: instance.address };
        instance.run = new StepRun(clickViews, { clock, ports: { log, warehouse }, options }).start();
        await instance.run.settled();
      }
      for (const { run } of instances) await run!.settled();
      const [first, second] = instances;
      assertEquals(first.run!.runner.instance!.streams.size, 1, "one partition each");
      const whole = COUNTS.map((to, partition) => ({ topic: TOPIC, partition, to, short: [] }));
      for (const { standings } of instances) assertEquals(await standings.brought("clicks"), whole);
      assertEquals(warehouse.select("views").length, 2 * (3 + 5));

      const asked = { topic: TOPIC, partition: 1, from: 1, to: 4 };
      const told = await first.standings.records("clicks", asked);
      assertEquals([told!.records.map(([offset]) => offset), told!.start, told!.next], [[1, 2, 3], 0, 4]);
      const problem = "a right was taken away";
      const shut = (reader: Reader) =>
        readerWith(reader, { poll: () => Promise.resolve([{ ...NOTHING, ...asked, problem }]) });
      const broken = { ...log, reader: () => shut(log.reader()) };
      const unread = await readRecords(broken, asked).catch(String);
      assert(/partition 1 of "shop.clicks".*a right was taken away/.test(String(unread)), String(unread));
      const foreign = await first.standings.records("clicks", { ...asked, topic: "shop.secrets" }).catch(String);
      assert(/reads topic "shop.secrets"/.test(String(foreign)), String(foreign));

      await second.server.close();
      const partial = (await first.standings.brought("clicks")).map(({ to }) => to === null);
      assertEquals(partial.toSorted(), [false, true]);
    } finally {
      for (const { server } of instances) await server.close();
      for (const { run } of instances) await run?.stop();
      await log.close();
    }
  },
});

Deno.test({
  name: "Standings.applied() waits for streams and stages of all instances, and says nothing while one is silent",
  ignore: !permitted,
  fn: async () => {
    const { clock, log } = await openStepLog({ [TOPIC]: 4 });
    const warehouse = createMemoryWarehouse();
    const instances = [new Told(totals), new Told(totals)];
    const applied = async ({ standings }: Told): Promise<boolean> => {
      let answer: boolean | null = null;
      standings.applied("totals").then((found) => answer = found);
      while (answer === null) {
        await clock.pass(20);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return answer;
    };
    try {
      for (const instance of instances) {
        const options = { applicationServer: instance.address };
        instance.run = new StepRun(totals, { clock, ports: { log, warehouse }, options }).start();
        await instance.run.settled();
      }
      for (const { run } of instances) await run!.settled();
      assert(instances.every(({ run }) => run!.runner.instance!.streams.size > 0), "each has some");
      let clicks = 0;
      for (let round = 0; round < 4; round++) {
        for (let partition = 0; partition < 4; partition++) {
          const records = Array.from({ length: 3 }, (_, n) => ({ key: `${n}`, value: `{"n":${n},"url":"/${n}"}` }));
          await log.append([{ topic: TOPIC, partition, records }]);
          clicks += records.length;
        }
        assert(await applied(instances[round % 2]));
        const shown = warehouse.select("per_url").reduce((sum, row) => sum + Number(row.clicks), 0);
        assertEquals(shown, clicks, `round ${round}`);
      }
      await instances[1].server.close();
      assertEquals(await applied(instances[0]), false);
    } finally {
      for (const { server } of instances) await server.close();
      for (const { run } of instances) await run?.stop();
      await log.close();
    }
  },
});
