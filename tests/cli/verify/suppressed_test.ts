import { assertEquals } from "@std/assert";
import { permitted, runMain } from "../support.ts";
import { ended, produced, startedAfterKill, verified, withTopology } from "./one_topology.ts";

const ROOT = new URL("../../../", import.meta.url).href;
const TOPIC = "shop.clicks";
const GROUPS = 100;
const EVENTS = 5_000;

/** Changes of totals wait, of which some are told early. */
const TOPOLOGY = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouse, count, events, topology, untilTimeLimit } from "${ROOT}src/mod.ts";

const clicks = events("${TOPIC}", { row: z.object({ n: z.int() }) });
const totals = clickhouse("totals", { key: ["g"], columns: { g: "Int64", n: "UInt64" } });

export default topology("waiting", (builder) => {
  builder.stream(clicks).groupBy(({ n }) => ({ g: n % ${GROUPS} })).aggregate("counts", { n: count() })
    .suppress("late", untilTimeLimit({ days: 1 }, { maxRecords: 1, whenFull: "emit", idle: { seconds: 1 } }))
    .to(totals);
});
`;

Deno.test({
  name: "verify takes what was told of changes that wait, after kill -9, and needs no source where no table has one",
  ignore: !permitted,
  fn: () =>
    withTopology(TOPOLOGY, async (one) => {
      const input = Array.from({ length: EVENTS }, (_, n) => JSON.stringify({ n })).join("\n");
      await produced(one, { topic: TOPIC, input });
      const { env, data } = one;
      const sum = async () => {
        const { out } = await runMain(["query", "SELECT sum(n) FROM totals", ...data, "--format", "csv"], env);
        return Number(out.trim().split("\n").at(-1));
      };
      const running = await startedAfterKill(one);
      for (let tries = 0; tries < 60 && await sum() < EVENTS; tries++);
      assertEquals(await sum(), EVENTS, "nothing waits for ever");
      await ended(running);
      assertEquals((await verified(one)).found, [0, GROUPS, 0, 0, 0]);
    }),
});
