import { proofWords } from "../../../../console/state/proof_words.ts";
import type { ContinuousProof } from "../../../../src/cli/proof/proof_report.ts";
import { until } from "../../../stack/e2e/steps.ts";
import { askConsole } from "../console.ts";
import { docker } from "../engine.ts";
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
    await steps.step("weir-proof has compared every table", (signal) => equal(stage, signal), proved);
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
      return await equal(stage, signal);
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
      return await equal(stage, signal);
    }, proved);
    await verify(stage, "with the proof under way");
  },
};

type Words = ReturnType<typeof proofWords>;

/** What all that is compared is said to be. @throws Error when it does not become equal, saying what it is */
async function equal(stage: Stage, signal: AbortSignal): Promise<string> {
  const words = await badge(stage, { is: ({ tone }) => tone === "good", signal });
  return words.text;
}

async function badge(
  stage: Stage,
  { is, signal }: { readonly is: (words: Words) => boolean; readonly signal: AbortSignal },
): Promise<Words> {
  let last: ContinuousProof | null = null;
  return await until(async () => {
    last = await proofOf(stage);
    const words = last === null ? null : proofWords(last, null);
    return words !== null && is(words) && words;
  }, { signal, everyMs: 500, lastWords: () => JSON.stringify(last).slice(0, 2_000) });
}

/** Null while Weir does not answer. */
async function proofOf(stage: Stage): Promise<ContinuousProof | null> {
  try {
    const response = await askConsole(stage, "/api/verify");
    const { continuous } = await response.json();
    return response.ok ? continuous : null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return null;
    throw error;
  }
}

async function newestSale(stage: Stage): Promise<number> {
  const sql = "SELECT max(order_item_id) FROM online_store.sales WHERE status != 'cancelled'";
  const id = Number(await administer(stage, sql));
  if (!(id > 0)) throw new Error(`there is no sale: ${id}`);
  return id;
}

/** SQL of ClickHouse's administrator, who comes in through its container alone. */
async function administer(stage: Stage, sql: string): Promise<string> {
  const [{ id }] = await stage.of("clickhouse");
  const client = ["clickhouse-client", "--host", "127.0.0.1", "--query", sql.replaceAll(/\s+/g, " ")];
  return (await docker(["exec", id, ...client], { signal: stage.options.signal })).trim();
}
