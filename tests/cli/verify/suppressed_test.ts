import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, startMain, withDirectory } from "../support.ts";

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
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/waiting.ts`, TOPOLOGY);
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const data = ["--data", `${directory}/data`];
      const input = Array.from({ length: EVENTS }, (_, n) => JSON.stringify({ n })).join("\n");
      assertEquals((await runMain(["produce", TOPIC, ...data], env, { input })).status, 0);

      const start = () => startMain(["start", "--no-check", "--no-demo", ...data, "--port", "0"], env);
      const sum = async () => {
        const { out } = await runMain(["query", "SELECT sum(n) FROM totals", ...data, "--format", "csv"], env);
        return Number(out.trim().split("\n").at(-1));
      };
      const killed = start();
      await killed.event(({ event }) => event === "started");
      killed.child.kill("SIGKILL");
      await killed.finished;
      const running = start();
      await running.event(({ event }) => event === "started");
      for (let tries = 0; tries < 60 && await sum() < EVENTS; tries++);
      assertEquals(await sum(), EVENTS, "nothing waits for ever");
      running.child.kill("SIGTERM");
      assertEquals((await running.finished).status, 0);

      const verify = async () => {
        const { status, out, err } = await runMain(["verify", "--json", ...data], env);
        assert(out !== "", err);
        const { sinks: [{ stored: { rows, missing, extra, different } }] } = JSON.parse(out);
        return [status, rows, missing, extra, different];
      };
      assertEquals(await verify(), [0, GROUPS, 0, 0, 0]);
    }),
});
