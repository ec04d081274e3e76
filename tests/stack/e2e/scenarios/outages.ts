import { connectorRunning } from "../../connector.ts";
import { killService, stackAddresses, startService } from "../../mod.ts";
import type { Stage } from "../stage.ts";
import { sleep, until } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 80;
const OUTAGE_MS = 2_000;
const OUTAGE_MS_MAX = 180_000;

/** The services around Weir are killed one after the other; Weir stays, and catches up with each. */
export const outages: Scenario = {
  title: "Kafka, ClickHouse and Connect are killed",
  async run(stage) {
    const { steps, options, layout } = stage;
    const weir = stage.startWeir();
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    const { postgres } = stackAddresses(options);
    const writer = new Writer({ postgres, perSecond: PER_SECOND, seed: options.seed + 1 });
    await steps.step("Kafka is killed and comes back", async (signal) => {
      await sleep(1_000);
      await killService("kafka", "SIGKILL", options);
      await sleep(OUTAGE_MS);
      await startService("kafka", options);
      await connectorRunning(layout, 60_000);
      await caughtUp(stage, { weir, signal });
    }, { withinMs: OUTAGE_MS_MAX });
    await steps.step("ClickHouse is killed and comes back", async (signal) => {
      const { pid } = stage.clickhouse;
      Deno.kill(pid, "SIGKILL");
      await until(() => stage.clickhouse.pid !== pid, { signal });
      await caughtUp(stage, { weir, signal });
    }, { withinMs: OUTAGE_MS_MAX });
    await steps.step("Connect is killed and comes back", async (signal) => {
      await killService("connect", "SIGKILL", options);
      await sleep(OUTAGE_MS);
      await startService("connect", options);
      await caughtUp(stage, { weir, signal });
    }, { withinMs: OUTAGE_MS_MAX });
    await steps.step("the writer stops", async () => writtenText(await writer.stop()));
    await stage.verify("after the outages");
    await steps.step("Weir was never restarted", async (signal) => {
      weir.requireAlive();
      const restarts = weir.events.filter(({ event }) => event === "restart" || event === "failed");
      const repaired = await weir.metric("weir_repaired_rows_total");
      await weir.end(signal);
      return `${restarts.length} tasks or topologies began again, ${repaired} rows repaired`;
    });
  },
};

/** Resolves when a row inserted now is visible, and all tasks run. */
async function caughtUp(
  stage: Stage,
  { weir, signal }: { weir: WeirProcess; signal: AbortSignal },
): Promise<void> {
  const name = `Marker ${crypto.randomUUID()}`;
  const [{ id }] = await stage.sql("INSERT INTO sellers (name) VALUES ($1) RETURNING id", [name]);
  const shown = async () => {
    const rows = await stage.query(`SELECT name FROM sellers WHERE id = ${id}`);
    return rows[0]?.name === name && await weir.isReady();
  };
  await until(() => shown().catch(() => false), {
    signal,
    everyMs: 100,
    lastWords: async () => `${(await weir.readiness()).text}\n${weir.logTail()}`,
  });
}
