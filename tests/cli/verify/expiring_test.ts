import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, startMain, withDirectory } from "../support.ts";

const ROOT = new URL("../../../", import.meta.url).href;

/** Orders of the last twelve seconds, which change and go all the time: by themselves, and by status. */
const TOPOLOGY = `
import { clickhouse, count, topology } from "${ROOT}src/mod.ts";
import { orders } from "${ROOT}topologies/online_store/sources.ts";

export default topology("hasty", (builder) => {
  const young = builder.table(orders.pick("status", "updated_at")).expireAfter("updated_at", { seconds: 12 });
  young.to(clickhouse("young_orders", { key: ["id"], columns: { id: "Int64", status: "String" } }));
  young.groupBy(({ status }) => ({ status })).aggregate("young_statuses", { orders: count() })
    .to(clickhouse("young_statuses", { key: ["status"], columns: { status: "String", orders: "UInt64" } }));
});
`;

Deno.test({
  name: "verify proves sinks whose rows expire all the time, while they do and long after",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/hasty.ts`, TOPOLOGY);
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const data = ["--data", `${directory}/data`];
      const running = startMain(["start", ...data, "--demo-size", "small", "--port", "0", "--rate", "300"], env);
      await running.event(({ event }) => event === "started");
      await new Promise((resolve) => setTimeout(resolve, 13_000));
      const verify = async () => {
        const { status, out, err } = await runMain(["verify", "--json", ...data], env);
        assert(out !== "", err);
        const { equal, sinks } = JSON.parse(out);
        assertEquals([status, equal, sinks.length], [0, true, 2], out);
        return sinks[0] as { readonly view: { readonly rows: number }; readonly moving: number };
      };
      try {
        const found = [await verify(), await verify()];
        // Not all were judged, and not all were left out.
        assert(found.some(({ view }) => view.rows > 0), JSON.stringify(found));
        assert(found.some(({ moving }) => moving > 0), JSON.stringify(found));
      } finally {
        running.child.kill("SIGTERM");
        assertEquals((await running.finished).status, 0);
      }
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      await verify();
    }),
});
