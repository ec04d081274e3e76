import { assert, assertEquals } from "@std/assert";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";
import { permitted, runMain, type Running, startMain, withDirectory } from "../support.ts";

const ROOT = new URL("../../../", import.meta.url).href;
/** What somebody has changed is named within it. */
const MINUTE_MS = 60_000;
/** The machine may be busy with other things. */
const SOON_MS = 180_000;

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

type Listening = { readonly addresses: Record<string, string> };

async function until(
  running: Running,
  { is, withinMs }: { readonly is: (found: ContinuousProof) => boolean; readonly withinMs: number },
): Promise<ContinuousProof> {
  const { addresses } = await running.event(({ event }) => event === "listening") as Listening;
  for (const endMs = Date.now() + withinMs;;) {
    const { continuous } = await (await fetch(`${addresses.metrics}/api/verify`)).json();
    if (is(continuous)) return continuous;
    if (Date.now() > endMs) throw new Error(JSON.stringify(continuous));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const isProven = ({ sinks }: ContinuousProof) =>
  sinks.length === 2 && sinks.every(({ checked, differing, rows }) => checked !== null && differing === 0 && rows > 3);

async function withStarted(
  args: string[],
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const running = startMain(args, { WEIR_REPAIR_AFTER_MS: "600000" });
  try {
    await use(running);
  } finally {
    try {
      running.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await running.finished;
  }
}

Deno.test({
  name: "start compares totals of streams while events come in: rows changed, removed or added are named in a minute",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/seen.ts`, TOPOLOGY);
      const place = ["--data", directory, "--topologies", `${directory}/topologies`];
      const small = ["--no-check", "--demo-size", "small", "--port", "0", "--rate", "20"];
      const started = ["start", ...place, ...small];
      await withStarted(started, async (running) => {
        const { leftOut, sinks } = await until(running, { is: isProven, withinMs: SOON_MS });
        assertEquals([leftOut, sinks.map(({ how }) => how)], [[], ["whole", "whole"]]);
        const altered = async (sql: string) => {
          const { status, err } = await runMain(["query", "--data", directory, "--write", sql]);
          assertEquals(status, 0, err);
        };
        const sync = "SETTINGS mutations_sync = 1";
        const nth = (n: number) =>
          `(type, window_start) = (SELECT type, window_start FROM per_minute ORDER BY 2, 1 LIMIT 1 OFFSET ${n})`;
        await altered(`ALTER TABLE per_minute_rows UPDATE events = events + 1 WHERE ${nth(0)} ${sync}`);
        await altered(`ALTER TABLE per_minute_rows DELETE WHERE ${nth(1)} ${sync}`);
        await altered(
          "INSERT INTO per_type_rows SELECT * REPLACE ('nothing' AS type) FROM per_type_rows ORDER BY _version LIMIT 1",
        );
        const found = await until(running, {
          is: ({ sinks }) => sinks.reduce((sum, { differing }) => sum + differing, 0) >= 3,
          withinMs: MINUTE_MS,
        });
        const kinds = found.sinks.flatMap(({ sink, keys }) => keys.map(({ kind }) => `${sink} ${kind}`)).sort();
        assertEquals(kinds, ["per_minute different", "per_minute missing", "per_type extra"]);
        const [changed] = found.sinks.flatMap(({ keys }) => keys.filter(({ kind }) => kind === "different"));
        assertEquals(changed.columns.map(({ name }) => name), ["events"]);
        const { addresses } = await running.event(({ event }) => event === "listening") as Listening;
        const path = `/api/explain/seen/per_minute/${encodeURIComponent(changed.explain!)}`;
        const explained = await (await fetch(addresses.metrics + path)).json();
        assert(JSON.stringify(explained).includes("minutes"), JSON.stringify(explained));
        await altered(`ALTER TABLE per_type_rows DELETE WHERE type = 'nothing' ${sync}`);
        await until(running, {
          is: ({ sinks }) => sinks.every(({ sink, differing }) => differing === (sink === "per_minute" ? 2 : 0)),
          withinMs: MINUTE_MS,
        });
      });
      // Killed, it says that it knows nothing; what it finds at its start it writes again.
      await withStarted(started, async (running) => {
        await until(running, { is: isProven, withinMs: SOON_MS });
        running.child.kill("SIGTERM");
        assertEquals((await running.finished).status, 0);
      });
    }),
});
