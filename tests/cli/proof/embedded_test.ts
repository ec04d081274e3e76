import { assert, assertEquals } from "@std/assert";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { permitted, withDirectory } from "../support.ts";
import { altered, ended, proofOf, untilProof, withStarted } from "./running_proof.ts";

const ignore = !permitted;
const SMALL = ["--no-check", "--demo-size", "small", "--port", "0"];
const isProven = ({ sinks }: ContinuousProof) =>
  sinks.length > 0 && sinks.every(({ checked, differing, rows }) => checked !== null && differing === 0 && rows > 0);
const differing = ({ sinks }: ContinuousProof) =>
  sinks.flatMap(({ sink, keys }) => keys.map(({ explain, kind }) => `${sink} ${explain} ${kind}`)).sort();

Deno.test({
  name: "start compares all tables while orders come in: rows changed behind its back are named, until it repairs them",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const start = ["start", "mirror", "sales", "--data", directory, ...SMALL, "--rate", "20"];
      const env = { WEIR_REPAIR_AFTER_MS: "600000" };
      await withStarted([start, env], async (running, address) => {
        assertEquals((await proofOf(address)).state, "starting");
        const { sinks, leftOut } = await untilProof(address, isProven);
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
        const first = "(seller_id, hour) = (SELECT min((seller_id, hour)) FROM seller_revenue_by_hour)";
        await altered(directory, `ALTER TABLE sellers_rows UPDATE name = 'Nobody' WHERE id = 3 ${sync}`);
        await altered(directory, `ALTER TABLE sellers_rows DELETE WHERE id = 4 ${sync}`);
        await altered(
          directory,
          `ALTER TABLE seller_revenue_by_hour_rows UPDATE items = items + 1 WHERE ${first} ${sync}`,
        );
        const found = await untilProof(address, (proof) => differing(proof).length >= 3);
        const [hourly, changed, missing] = differing(found);
        assert(/^seller_revenue_by_hour \["\d+","\d{4}-\d\d-\d\d \d\d:00:00"\] different$/.test(hourly), hourly);
        assertEquals([changed, missing], ["sellers 3 different", "sellers 4 missing"]);
        const seller = found.sinks.find(({ sink }) => sink === "sellers")!;
        assertEquals(seller.keys[0].columns.map(({ name, actual }) => [name, actual]), [["name", "Nobody"]]);
        const metrics = await (await fetch(`${address}/metrics`)).text();
        assert(metrics.includes('weir_proof_differing_rows{topology="mirror",sink="sellers"} 2'), metrics);
        const { explain } = found.sinks.find(({ sink }) => sink === "seller_revenue_by_hour")!.keys[0];
        const path = `/api/explain/sales/seller_revenue_by_hour/${encodeURIComponent(explain!)}`;
        assertEquals((await fetch(address + path)).status, 200);
        await running.event(({ event, level }) => event === "proof" && level === "error");
      });
      // Killed, it says that it knows nothing; what it finds at its start it writes again.
      await withStarted([start, env], async (running, address) => {
        assertEquals((await proofOf(address)).sinks, []);
        await untilProof(address, isProven);
        await ended(running);
      });
    }),
});

Deno.test({
  name: "WEIR_PROOF=off compares nothing, and says so; WEIR_CONSOLE_ROWS=off names no key",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const start = ["start", "mirror", "--data", directory, ...SMALL, "--rate", "0"];
      await withStarted([start, { WEIR_PROOF: "off" }], async (running, address) => {
        assertEquals(await proofOf(address), {
          state: "off",
          reason: "it is switched off (WEIR_PROOF)",
          told: null,
          sinks: [],
          leftOut: [],
        });
        await running.event(({ event }) => event === "started");
        await ended(running);
      });
      const hiding = { WEIR_CONSOLE_ROWS: "off", WEIR_REPAIR_AFTER_MS: "600000" };
      await withStarted([start, hiding], async (running, address) => {
        await untilProof(address, isProven);
        await altered(directory, "ALTER TABLE sellers_rows DELETE WHERE id = 4 SETTINGS mutations_sync = 1");
        const { sinks } = await untilProof(address, (proof) => proof.sinks.some((sink) => sink.differing > 0));
        const found = sinks.filter((sink) => sink.differing > 0).map(({ sink, keys }) => [sink, keys]);
        assertEquals(found, [["sellers", []]]);
        await ended(running);
      });
    }),
});

Deno.test({
  name: "start compares a topology whose file has another name than it, too",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const start = ["start", "02_open_orders", "--topologies", "examples", "--data", directory, ...SMALL];
      await withStarted([start, {}], async (running, address) => {
        const { sinks } = await untilProof(address, (proof) => isProven(proof) || proof.state === "failed");
        assertEquals(sinks.map(({ sink }) => sink), ["open_orders"]);
        await ended(running);
      });
    }),
});
