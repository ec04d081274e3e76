import { assert, assertEquals } from "@std/assert";
import { DEMO_SIZES } from "../../../src/cli/start/demo_source.ts";
import { permitted, startMain, withDirectory } from "../support.ts";

interface Started {
  readonly topology: string;
  readonly sinks: readonly { readonly sink: string; readonly written: number }[];
}

Deno.test({
  name: "a first start shows the history of the demo store, what takes longest first, and then its changes",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const run = startMain(["start", "--data", directory, "--demo-size", "small", "--port", "0", "--rate", "2000"]);
      try {
        await run.event(({ event, topology }) => event === "started" && topology === "mirror");
        const started = run.events.filter(({ event }) => event === "started") as unknown as Started[];
        const order = started.map(({ topology }) => topology);
        // The mirror joins nothing; topologies of streams come when they come.
        assertEquals([order[0], order.indexOf("mirror") > order.indexOf("sales")], ["sales", true], order.join());
        const mirror = started.find(({ topology }) => topology === "mirror")!;
        const written = Object.fromEntries(mirror.sinks.map(({ sink, written }) => [sink, written]));
        const { users, sellers, products, orders } = DEMO_SIZES.small;
        assertEquals({ ...written, order_items: 0 }, { users, sellers, products, orders, order_items: 0 });

        const { addresses } = await run.event(({ event }) => event === "listening") as {
          addresses: Record<string, string>;
        };
        const changes = async () => {
          const metrics = await (await fetch(`${addresses.metrics}/metrics`)).text();
          const read = /^weir_source_records_total\{topology="mirror",table="orders"\} (\d+)$/m.exec(metrics);
          return Number(read?.[1]);
        };
        const deadlineMs = Date.now() + 20_000;
        while (await changes() === orders && Date.now() < deadlineMs) await new Promise((next) => setTimeout(next, 50));
        assert(await changes() > orders, `${await changes()} changes of orders`);
      } finally {
        run.child.kill("SIGTERM");
        assertEquals((await run.finished).status, 0);
      }
    }),
});
