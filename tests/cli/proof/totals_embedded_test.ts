import { assert, assertEquals } from "@std/assert";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { permitted, withDirectory } from "../support.ts";
import { altered, ended, untilProof, withStarted } from "./running_proof.ts";

const ROOT = new URL("../../../", import.meta.url).href;
/** What somebody has changed is named within it. */
const MINUTE_MS = 60_000;

const TOPOLOGY = `
import { clickhouse, count, topology, tumbling } from "${ROOT}src/mod.ts";
import { clickstream } from "${ROOT}topologies/online_store/events.ts";

const perType = clickhouse("per_type", { key: ["type"], columns: { type: "String", events: "UInt64" } });
const perMinute = clickhouse("per_minute", {
  key: ["type", "window_start"],
  columns: { type: "String", window_start: "DateTime64(6)", window_end: "DateTime64(6)", events: "UInt64" },
});

export default topology("seen", (builder) => {
  const byType = builder.stream(clickstream).groupBy(({ type }) => ({ type }));
  byType.aggregate("types", { events: count() }).to(perType);
  byType.windowedBy(tumbling({ minutes: 1 })).aggregate("minutes", { events: count() }).to(perMinute);
});
`;

const isProven = ({ sinks }: ContinuousProof) =>
  sinks.length === 2 && sinks.every(({ checked, differing, rows }) => checked !== null && differing === 0 && rows > 3);

Deno.test({
  name: "start compares totals of streams while events come in: rows changed, removed or added are named in a minute",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/seen.ts`, TOPOLOGY);
      const place = ["--data", directory, "--topologies", `${directory}/topologies`];
      const small = ["--no-check", "--demo-size", "small", "--port", "0", "--rate", "20"];
      const env = { WEIR_REPAIR_AFTER_MS: "600000" };
      const started: [string[], typeof env] = [["start", ...place, ...small], env];
      await withStarted(started, async (_, address) => {
        const { leftOut, sinks } = await untilProof(address, isProven);
        assertEquals([leftOut, sinks.map(({ how }) => how)], [[], ["whole", "whole"]]);
        const sync = "SETTINGS mutations_sync = 1";
        const nth = (n: number) =>
          `(type, window_start) = (SELECT type, window_start FROM per_minute ORDER BY 2, 1 LIMIT 1 OFFSET ${n})`;
        await altered(directory, `ALTER TABLE per_minute_rows UPDATE events = events + 1 WHERE ${nth(0)} ${sync}`);
        await altered(directory, `ALTER TABLE per_minute_rows DELETE WHERE ${nth(1)} ${sync}`);
        await altered(
          directory,
          "INSERT INTO per_type_rows SELECT * REPLACE ('nothing' AS type) FROM per_type_rows ORDER BY _version LIMIT 1",
        );
        const found = await untilProof(
          address,
          ({ sinks }) => sinks.reduce((sum, { differing }) => sum + differing, 0) >= 3,
          { withinMs: MINUTE_MS },
        );
        const kinds = found.sinks.flatMap(({ sink, keys }) => keys.map(({ kind }) => `${sink} ${kind}`)).sort();
        assertEquals(kinds, ["per_minute different", "per_minute missing", "per_type extra"]);
        const [changed] = found.sinks.flatMap(({ keys }) => keys.filter(({ kind }) => kind === "different"));
        assertEquals(changed.columns.map(({ name }) => name), ["events"]);
        const path = `/api/explain/seen/per_minute/${encodeURIComponent(changed.explain!)}`;
        const explained = await (await fetch(address + path)).json();
        assert(JSON.stringify(explained).includes("minutes"), JSON.stringify(explained));
        await altered(directory, `ALTER TABLE per_type_rows DELETE WHERE type = 'nothing' ${sync}`);
        await untilProof(
          address,
          ({ sinks }) => sinks.every(({ sink, differing }) => differing === (sink === "per_minute" ? 2 : 0)),
          { withinMs: MINUTE_MS },
        );
      });
      // Killed, it says that it knows nothing; what it finds at its start it writes again.
      await withStarted(started, async (running, address) => {
        await untilProof(address, isProven);
        await ended(running);
      });
    }),
});
