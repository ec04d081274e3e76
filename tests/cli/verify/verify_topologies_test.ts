import { assertEquals } from "@std/assert";
import type { Connection } from "../../../src/adapters/clickhouse/connection.ts";
import { pastMoments } from "../../../src/cli/verify/moments.ts";
import { verifyTopologies } from "../../../src/cli/verify/verify_topologies.ts";
import pageViews from "../../../examples/07_page_views.ts";

Deno.test("verifyTopologies() asks the source for no table that streams alone look up", async () => {
  const connection = { select: () => Promise.resolve([{ found: "1" }]) } as unknown as Connection;
  const truth = {
    name: "a store without profiles",
    rows: () => Promise.reject(new Error("Cannot verify topic")),
    close: () => Promise.resolve(),
  };
  const report = await verifyTopologies([pageViews], {
    truth,
    log: "an instance has it",
    shown: { connection, database: "default" },
    moments: pastMoments({ fromMs: 0, toMs: 1 }),
  });
  assertEquals(report.unjudged, [{ topology: "page_views", sink: "page_views", reason: "an instance has it" }]);
  assertEquals([report.sinks, report.neverStarted, report.refused], [[], [], 0]);
});
