import { until } from "../../../stack/e2e/steps.ts";
import { administer, badge, equal, proofOf } from "../badge.ts";
import { askConsole } from "../console.ts";
import { raisedAlerts } from "../../../stack/e2e/monitored.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { prometheusOf } from "../prometheus.ts";
import type { Scenario } from "./scenario.ts";

/** Everything is compared for the first time; or again, after a restart. */
const PROVED_MS_MAX = 240_000;
const RED_MS_MAX = 120_000;
/** Prometheus reads every 15 s, and looks at its rules as often. */
const ALERT_MS_MAX = 90_000;

/** weir-proof compares while everything runs, and finds what somebody changes behind Weir's back. */
export const proofService: Scenario = {
  title: "weir-proof, and a row changed behind Weir's back",
  async run(stage) {
    const { steps } = stage;
    const proved = { withinMs: PROVED_MS_MAX };
    await steps.step("weir-proof has compared every table", (signal) => equal(stage, { signal }), proved);
    const id = await newestSale(stage);
    const wanted = `1 row of sales differs: key ${id}`;
    await steps.step("an update of ClickHouse turns the console's badge red", async (signal) => {
      const startedMs = performance.now();
      await administer(
        stage,
        `ALTER TABLE online_store.sales_rows UPDATE amount = amount + 1
        WHERE order_item_id = ${id} SETTINGS mutations_sync = 2`,
      );
      await badge(stage, { is: (words) => words.text === wanted, signal });
      return `"${wanted}" after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
    }, { withinMs: RED_MS_MAX });
    await steps.step("the explanation of that row says so, too", async () => {
      const { shown } = await (await askConsole(stage, `/api/explain/sales/sales/${id}`)).json();
      if (shown?.changedByHand !== true) throw new Error(JSON.stringify(shown));
    });
    await steps.step("WeirProofDiffers is raised", async (signal) => {
      const prometheus = prometheusOf(stage);
      await until(async () => (await raisedAlerts(prometheus)).includes("WeirProofDiffers"), {
        signal,
        everyMs: 1_000,
      });
    }, { withinMs: ALERT_MS_MAX });
    await steps.step("a restart of Weir repairs the row, and all is equal again", async (signal) => {
      await stage.compose({ profile: stage.profile }, ["restart", "weir"], { signal });
      await stage.well(signal);
      return await equal(stage, { signal });
    }, proved);
    await steps.step("the alert is over", async (signal) => {
      const prometheus = prometheusOf(stage);
      await until(async () => !(await raisedAlerts(prometheus)).includes("WeirProofDiffers"), {
        signal,
        everyMs: 1_000,
      });
    }, { withinMs: ALERT_MS_MAX });
    await steps.step("weir-proof is killed, comes back, and says again that all is equal", async (signal) => {
      const [{ pid, restarts }] = await stage.of("weir-proof");
      const killed = new Date().toISOString();
      await stage.tools(["--pid", "host"], ["kill", "-9", String(pid)]);
      await until(async () => (await stage.of("weir-proof"))[0].restarts > restarts, { signal, everyMs: 200 });
      await until(async () => ((await proofOf(stage))?.told ?? "") > killed, { signal, everyMs: 500 });
      return await equal(stage, { signal });
    }, proved);
    await verify(stage, "with the proof under way");
  },
};

async function newestSale(stage: Stage): Promise<number> {
  const sql = "SELECT max(order_item_id) FROM online_store.sales WHERE status != 'cancelled'";
  const id = Number(await administer(stage, sql));
  if (!(id > 0)) throw new Error(`there is no sale: ${id}`);
  return id;
}
