import { proofWords } from "../../../../console/state/proof_words.ts";
import type { ContinuousProof } from "../../../../src/cli/proof/proof_report.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import { verifierOf } from "../verifier.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const TOPOLOGIES = ["mirror", "sales"];
/** From the change to the red badge. */
const RED_MS_MAX = 60_000;

/** Somebody changes ClickHouse behind Weir's back, while everything runs and the source goes on changing. */
export const proof: Scenario = {
  title: "the continuous proof",
  async run(stage) {
    const { steps } = stage;
    const environment = await verifierOf(stage);
    const writing = new AbortController();
    const writer = write(stage, writing.signal);
    // Awaited at the end.
    writer.catch(() => {});
    let weir = stage.startWeir(TOPOLOGIES, environment);
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await steps.step("every table is compared while the source changes", async (signal) => {
      return (await equal(weir, signal)).text;
    }, { withinMs: 180_000 });

    const [{ id }] = await stage.query("SELECT max(order_item_id) AS id FROM sales WHERE status != 'cancelled'");
    await steps.step(
      "an update of ClickHouse behind Weir's back turns the badge red within a minute",
      async (signal) => {
        const startedMs = performance.now();
        await stage.command(
          `ALTER TABLE sales_rows UPDATE amount = amount + 1 WHERE order_item_id = ${id} SETTINGS mutations_sync = 2`,
        );
        const { text } = await red(weir, signal);
        const tookMs = performance.now() - startedMs;
        if (text !== `1 row of sales differs: key ${id}`) throw new Error(`the badge says "${text}"`);
        if (tookMs > RED_MS_MAX) throw new Error(`it took ${Math.round(tookMs / 1000)} s`);
        stage.figures.push(`a row changed behind Weir's back: red after ${(tookMs / 1000).toFixed(1)} s`);
        return `"${text}" after ${(tookMs / 1000).toFixed(1)} s`;
      },
      { withinMs: 120_000 },
    );
    await steps.step("metric and explanation name it, too", async () => {
      const differing = await weir.metric("weir_proof_differing_rows", /sink="sales"/);
      if (differing !== 1) throw new Error(`weir_proof_differing_rows is ${differing}`);
      const response = await fetch(`${weir.address}/api/explain/sales/sales/${id}`);
      const { shown } = await response.json();
      if (shown?.changedByHand !== true) throw new Error(JSON.stringify(shown));
    });
    await steps.step(
      "killed and started again, it repairs the row, and does not call it equal before it looked",
      async (signal) => {
        await weir.kill();
        weir = stage.startWeir(TOPOLOGIES, environment);
        await until(() => weir.address !== null, { signal });
        const first = proofWords(await proofOf(weir), null);
        if (first.text !== "not checked since the start") throw new Error(`the badge says "${first.text}"`);
        return (await equal(weir, signal)).text;
      },
      { withinMs: 180_000 },
    );
    writing.abort();
    await writer;
    await stage.verify("with the proof under way", TOPOLOGIES);
    await steps.step("Weir ends", (signal) => weir.end(signal));
  },
};

async function proofOf(weir: WeirProcess): Promise<ContinuousProof> {
  weir.requireAlive();
  const response = await fetch(`${weir.address}/api/verify`);
  return (await response.json()).continuous;
}

async function equal(weir: WeirProcess, signal: AbortSignal) {
  return await badge(weir, { wanted: "good", signal });
}

async function red(weir: WeirProcess, signal: AbortSignal) {
  return await badge(weir, { wanted: "bad", signal });
}

/** What the badge says once it has that colour. */
async function badge(weir: WeirProcess, { wanted, signal }: { readonly wanted: string; readonly signal: AbortSignal }) {
  let last: ContinuousProof | null = null;
  return await until(async () => {
    last = await proofOf(weir);
    const words = proofWords(last, null);
    // Nothing else may ever be called a fault.
    if (wanted === "good" && words.tone === "bad") throw new Error(JSON.stringify(last));
    return words.tone === wanted && words;
  }, { signal, everyMs: 250, lastWords: () => JSON.stringify(last) });
}

/** Prices and orders change several times a second, but not what the test looks at. */
async function write(stage: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await stage.sql(`UPDATE orders SET status = (CASE status WHEN 'paid' THEN 'shipped' ELSE 'paid' END)::order_status
      WHERE id IN (SELECT id FROM orders WHERE status <> 'cancelled' ORDER BY id LIMIT 3)`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
