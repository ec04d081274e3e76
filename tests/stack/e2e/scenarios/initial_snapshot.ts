import type { Scenario } from "./scenario.ts";

/**
 * The four topologies start on what Debezium's initial snapshot brought, and start again writing only what is missing.
 */
export const initialSnapshot: Scenario = {
  title: "initial snapshot",
  async run(stage) {
    const { steps } = stage;
    let weir = stage.startWeir();
    await steps.step("the four topologies start", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await stage.verify("after the snapshot");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
    await steps.step("verify notices a row that was deleted by hand", async () => {
      await stage.command("ALTER TABLE order_items_rows DELETE WHERE id = 7 SETTINGS mutations_sync = 2");
      const { status, report } = await stage.compare(["mirror"], { waitS: 1 });
      const found = report.sinks.filter(({ view, stored }) => view.missing + stored.missing > 0);
      if (status !== 1 || found.length !== 1 || found[0].sink !== "order_items" || found[0].view.missing !== 1) {
        throw new Error(`verify ended with status ${status} and found ${JSON.stringify(found)}`);
      }
    });
    weir = stage.startWeir();
    await steps.step("a second start writes that row and no other", async (signal) => {
      await weir.ready(signal);
      const sinks = weir.events.filter(({ event }) => event === "started").flatMap(({ sinks }) => sinks as Counts[]);
      const sum = (count: keyof Counts) => sinks.reduce((total, sink) => total + sink[count], 0);
      const counts = `${sum("kept")} rows kept, ${sum("written")} written, ${sum("deleted")} deleted`;
      if (sum("kept") === 0 || sum("written") !== 1 || sum("deleted") > 0) throw new Error(counts);
      return counts;
    }, { withinMs: 120_000 });
    await stage.verify("after the second start");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

interface Counts {
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
}
