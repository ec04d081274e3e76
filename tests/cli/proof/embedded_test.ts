import { assert, assertEquals } from "@std/assert";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { permitted, runMain, type Running, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const SMALL = ["--no-check", "--demo-size", "small", "--port", "0"];
/** The machine may be busy with other things. */
const SOON_MS = 180_000;

async function addressOf(running: Running): Promise<string> {
  const { addresses } = await running.event(({ event }) => event === "listening") as {
    readonly addresses: Record<string, string>;
  };
  return addresses.metrics;
}

async function proofOf(address: string): Promise<ContinuousProof> {
  return (await (await fetch(`${address}/api/verify`)).json()).continuous;
}

async function until(address: string, is: (proof: ContinuousProof) => boolean): Promise<ContinuousProof> {
  for (const endMs = Date.now() + SOON_MS;;) {
    const proof = await proofOf(address);
    if (is(proof)) return proof;
    if (Date.now() > endMs) throw new Error(JSON.stringify(proof));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const isProven = ({ sinks }: ContinuousProof) =>
  sinks.length > 0 && sinks.every(({ checked, differing, rows }) => checked !== null && differing === 0 && rows > 0);
const differing = ({ sinks }: ContinuousProof) =>
  sinks.flatMap(({ sink, keys }) => keys.map(({ explain, kind }) => `${sink} ${explain} ${kind}`)).sort();

async function altered(directory: string, sql: string): Promise<void> {
  const { status, err } = await runMain(["query", "--data", directory, "--write", sql]);
  assertEquals(status, 0, err);
}

Deno.test({
  name: "start compares all tables while orders come in: rows changed behind its back are named, until it repairs them",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const start = ["start", "mirror", "sales", "--data", directory, ...SMALL, "--rate", "20"];
      const running = startMain(start, { WEIR_REPAIR_AFTER_MS: "600000" });
      const address = await addressOf(running);
      assertEquals((await proofOf(address)).state, "starting");
      const { sinks, leftOut } = await until(address, isProven);
      assertEquals(sinks.map(({ sink, how }) => [sink, how]).sort(), [
        ["order_items", "ranges"],
        ["orders", "ranges"],
        ["products", "ranges"],
        ["sales", "ranges"],
        ["seller_revenue_by_hour", "whole"],
        ["sellers", "ranges"],
        ["users", "ranges"],
      ]);
      assertEquals(leftOut, []);

      // Users and sellers seldom change; the hours of the store's past never do.
      const sync = "SETTINGS mutations_sync = 1";
      const hour = "(SELECT min(hour) FROM seller_revenue_by_hour)";
      await altered(directory, `ALTER TABLE sellers_rows UPDATE name = 'Nobody' WHERE id = 3 ${sync}`);
      await altered(directory, `ALTER TABLE sellers_rows DELETE WHERE id = 4 ${sync}`);
      await altered(
        directory,
        `ALTER TABLE seller_revenue_by_hour_rows UPDATE items = items + 1 WHERE hour = ${hour} ${sync}`,
      );
      const found = await until(address, (proof) => differing(proof).length >= 3);
      const [hourly, changed, missing] = differing(found);
      assert(
        /^seller_revenue_by_hour \["\d{4}-\d\d-\d\d \d\d:00:00","\d+"\] different$/.test(hourly) ||
          /^seller_revenue_by_hour \["\d+","\d{4}-\d\d-\d\d \d\d:00:00"\] different$/.test(hourly),
        hourly,
      );
      assertEquals([changed, missing], ["sellers 3 different", "sellers 4 missing"]);
      const seller = found.sinks.find(({ sink }) => sink === "sellers")!;
      assertEquals(seller.keys[0].columns.map(({ name, actual }) => [name, actual]), [["name", "Nobody"]]);
      const metrics = await (await fetch(`${address}/metrics`)).text();
      assert(metrics.includes('weir_proof_differing_rows{topology="mirror",sink="sellers"} 2'), metrics);
      const { explain } = found.sinks.find(({ sink }) => sink === "seller_revenue_by_hour")!.keys[0];
      const path = `/api/explain/sales/seller_revenue_by_hour/${encodeURIComponent(explain)}`;
      assertEquals((await fetch(address + path)).status, 200);
      await running.event(({ event, level }) => event === "proof" && level === "error");

      // Killed, it says that it knows nothing; what it finds at its start it writes again.
      running.child.kill("SIGKILL");
      await running.finished;
      const again = startMain(start, { WEIR_REPAIR_AFTER_MS: "600000" });
      const other = await addressOf(again);
      assertEquals((await proofOf(other)).sinks, []);
      await until(other, isProven);
      again.child.kill("SIGTERM");
      assertEquals((await again.finished).status, 0);
    }),
});

Deno.test({
  name: "WEIR_PROOF=off compares nothing, and says so; WEIR_CONSOLE_ROWS=off names no key",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const start = ["start", "mirror", "--data", directory, ...SMALL, "--rate", "0"];
      const off = startMain(start, { WEIR_PROOF: "off" });
      const address = await addressOf(off);
      assertEquals(await proofOf(address), {
        state: "off",
        reason: "it is switched off (WEIR_PROOF)",
        sinks: [],
        leftOut: [],
      });
      await off.event(({ event }) => event === "started");
      off.child.kill("SIGTERM");
      assertEquals((await off.finished).status, 0);

      const hiding = startMain(start, { WEIR_CONSOLE_ROWS: "off", WEIR_REPAIR_AFTER_MS: "600000" });
      const other = await addressOf(hiding);
      await until(other, isProven);
      await altered(directory, "ALTER TABLE sellers_rows DELETE WHERE id = 4 SETTINGS mutations_sync = 1");
      const { sinks } = await until(other, (proof) => proof.sinks.some((sink) => sink.differing > 0));
      assertEquals(sinks.filter((sink) => sink.differing > 0).map(({ sink, keys }) => [sink, keys]), [["sellers", []]]);
      hiding.child.kill("SIGTERM");
      assertEquals((await hiding.finished).status, 0);
    }),
});
