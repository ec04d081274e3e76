import { assert, assertEquals } from "@std/assert";
import { permitted, startMain, withDirectory } from "../support.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const TOPOLOGY = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouse, count, events, topology } from "${ROOT}src/mod.ts";

const visits = events("shop.visits", { row: z.object({ page: z.string() }) });

export default topology("pages", (builder) => {
  builder.stream(visits).groupBy((visit) => ({ page: visit.page })).aggregate("pages", { visits: count() })
    .to(clickhouse("pages", { key: ["page"], columns: { page: "String", visits: "UInt64" } }));
});
`;

Deno.test({
  name: "start --duration does not wait for a topology whose topic is missing, and says what it waits for",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/pages.ts`, TOPOLOGY);
      const args = ["start", "--no-check", "--no-demo", "--data", `${directory}/data`, "--port", "0"];
      const run = startMain([...args, "--duration", "1s"], { WEIR_TOPOLOGIES: `${directory}/topologies` });
      await run.event(({ event }) => event === "problem");
      const startedMs = performance.now();
      const { status, out } = await run.finished;
      assert(performance.now() - startedMs < 60_000, out);
      assertEquals(status, 1, out);
      assert(out.includes("pages: a topic that it reads is missing"), out);
    }),
});
