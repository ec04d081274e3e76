import type { Scenario } from "./scenario.ts";

/** The four topologies start on what Debezium's initial snapshot brought, and start again without writing anything. */
export const initialSnapshot: Scenario = {
  title: "initial snapshot",
  async run(stage) {
    const { steps } = stage;
    let weir = stage.startWeir();
    await steps.step("the four topologies start", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await stage.verify("after the snapshot");
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
    weir = stage.startWeir();
    await steps.step("a second start finds every row right", async (signal) => {
      await weir.ready(signal);
      const sinks = weir.events.filter(({ event }) => event === "started").flatMap(({ sinks }) => sinks as Counts[]);
      const sum = (count: keyof Counts) => sinks.reduce((total, sink) => total + sink[count], 0);
      const [kept, written, deleted] = [sum("kept"), sum("written"), sum("deleted")];
      if (kept === 0 || written + deleted > 0) {
        throw new Error(`it kept ${kept} rows, wrote ${written}, deleted ${deleted}`);
      }
      return `${kept} rows kept, 0 written, 0 deleted`;
    });
    await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
  },
};

interface Counts {
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
}
