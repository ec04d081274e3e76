import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { partitionOf } from "../../../src/record/partitioner.ts";
import { permitted, runMain, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const ROOT = new URL("../../../", import.meta.url).pathname;
const TOPIC = "shop.public.customers";

const TOPOLOGY = `
import { z } from "zod";
import { clickhouse, count, debezium, int8, topology } from "${ROOT}src/mod.ts";

const row = z.object({ id: int8(), name: z.string(), city: z.string() });
const customers = debezium("${TOPIC}", { key: ["id"], row });

export default topology("cities", (builder) => {
  builder.table(customers)
    .groupBy((customer) => ({ city: customer.city }))
    .aggregate("customers-by-city", { customers: count() })
    .to(clickhouse("customers_by_city", { key: ["city"], columns: { city: "String", customers: "Int64" } }));
});
`;

/** Two directories of a test: topologies that import Weir from here, and data. */
async function prepared(directory: string) {
  await Deno.mkdir(`${directory}/topologies`);
  // zod is found from the project's folder alone.
  const text = TOPOLOGY.replace('from "zod"', `from "${import.meta.resolve("zod")}"`);
  await Deno.writeTextFile(`${directory}/topologies/cities.ts`, text);
  const data = `${directory}/data`;
  const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
  const produce = (lines: readonly string[], ...args: string[]) =>
    runMain(["produce", TOPIC, "--data", data, ...args], env, { input: lines.join("\n") });
  const query = (sql: string) => runMain(["query", sql, "--data", data, "--format", "csv"], env);
  const start = (...args: string[]) =>
    startMain(["start", "--no-check", "--no-demo", "--data", data, "--port", "0", ...args], env);
  return { data, produce, query, start };
}

/** A failure is taken, too, so that nobody waits for ever. */
const isStarted = ({ event }: Record<string, unknown>) => event === "started" || event === "failed";

Deno.test({
  name: "produce writes records of one's own into the embedded log, beside a running instance and without one",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { produce, query, start } = await prepared(directory);
      const first = await produce([
        '{"id":1,"name":"Ada","city":"London"}',
        "",
        '{"id":2,"name":"Joan","city":"London"}',
        '{"id":3,"name":"Emmy","city":"Erlangen","born":1882}',
      ]);
      assertEquals(first.status, 0, first.err);
      assert(first.out.includes(`3 records written to "${TOPIC}" (new, 6 partitions): 3 rows`), first.out);
      assert(first.out.includes("Read by: cities") && first.out.includes('column "born"'), first.out);

      const run = start();
      await run.event(isStarted);
      const second = await produce([
        '{"op":"d","before":{"id":2}}',
        '{"op":"u","after":{"id":3,"name":"E","city":"Rome"}}',
      ]);
      assertEquals(second.status, 0, second.err);
      assert(second.out.includes("3 records written"), second.out);
      assert(second.out.includes("(6 partitions): 1 row; 1 delete, each with its tombstone"), second.out);
      const listening = await run.event(({ event }) => event === "listening");
      const { metrics } = listening.addresses as Record<string, string>;
      const stranger = await fetch(`${metrics}/produce`, { method: "POST", body: "{}" });
      assertEquals([stranger.status, await stranger.text()], [403, "Only for deno task produce\n"]);
      let shown = "";
      for (let tries = 0; tries < 40 && !shown.includes("Rome"); tries++) {
        shown = (await query("SELECT city, customers FROM customers_by_city ORDER BY city")).out;
      }
      assertEquals(shown, '"city","customers"\n"London",1\n"Rome",1\n');
      run.child.kill("SIGTERM");
      const { status, out } = await run.finished;
      assertEquals(status, 0);
      assert(out.includes("Nothing is lost") || out.includes("everything is in ClickHouse"), out);
    }),
});

Deno.test({
  name: "produce names the line that it cannot write, and puts keys where Debezium would",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { data, produce } = await prepared(directory);
      const bad = await produce(
        ['{"id":1,"name":"Ada","city":"London"}', '{"id":2,"name":"Joan"}'],
        "--partitions",
        "3",
      );
      assertEquals(bad.status, 1);
      assert(bad.err.includes(`Cannot write line 2 to "${TOPIC}"`) && bad.err.includes("city"), bad.err);
      assert(bad.err.includes("written (1 record)") && !bad.err.includes("    at "), bad.err);
      const nothing = await produce(["", ""]);
      assertEquals([nothing.status, nothing.out.includes("no lines")], [0, true], nothing.err);

      const log = openEmbeddedLog({ path: `${data}/log.db` });
      try {
        const ends = [0, 0, 0].with(partitionOf('{"id":1}', 3), 1);
        assertEquals((await log.offsets(TOPIC)).end, ends);
        assertEquals((await log.topics([TOPIC])).get(TOPIC)?.compacted, true);
      } finally {
        await log.close();
      }
    }),
});

Deno.test({
  name: "start without the demo store says how records come into a topic that is missing",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { produce, start } = await prepared(directory);
      const run = start();
      const { message } = await run.event(({ event }) => event === "problem");
      assert(String(message).includes("deno task produce --data"), String(message));
      assert(!String(message).includes("table.include.list"), String(message));
      assertEquals((await produce(['{"id":1,"name":"Ada","city":"London"}'])).status, 0);
      await run.event(isStarted);
      run.child.kill("SIGTERM");
      assertEquals((await run.finished).status, 0);
    }),
});
