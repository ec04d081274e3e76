import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfiguration } from "../../../src/cli/config/configuration.ts";
import { changeText } from "../../../src/cli/dev/change_text.ts";
import { beginPreview } from "../../../src/cli/dev/preview_process.ts";
import type { RowCounts } from "../../../src/cli/dev/previewed_tables.ts";
import { clickhouse, topology } from "../../../src/mod.ts";
import { orders } from "../../../topologies/online_store/sources.ts";
import { permitted, withDirectory } from "../support.ts";
import { type Developed, developed } from "./developed.ts";

const MOD = new URL("../../../src/mod.ts", import.meta.url).href;
const STORE = new URL("../../../topologies/online_store/sources.ts", import.meta.url).href;

const VALUES = `export const values: { least: number; mark: number } = `;

/** Rows, groups whose shares the view adds up, and rows that are joined with such groups. */
const topologyOf = (columns: string, totals: string) => `
import { clickhouse, count, max, sum, topology } from ${JSON.stringify(MOD)};
import { orders, users } from ${JSON.stringify(STORE)};
import { values } from "../values.ts";
const chosen = clickhouse("chosen", { key: ["id"], columns: { id: "Int64", user_id: "Int64", status: "String" } });
const totals = clickhouse("totals", { key: ["user_id"], columns: { user_id: "Int64", orders: "UInt64"${columns} } });
const people = clickhouse("people", { key: ["id"], columns: { id: "Int64", orders: "UInt64" } });
export default topology("mixed", (builder) => {
  const some = builder.table(orders.pick("user_id", "status", "total_amount"))
    .filter(({ id }) => Number(id) >= values.least && Number(id) < values.least + 300)
    .mapValues((order) => Number(order.id) % 3 === values.mark ? { ...order, status: "marked" } : order);
  some.mapValues(({ id, user_id, status }) => ({ id, user_id, status })).to(chosen);
  const grouped = some.groupBy(({ user_id }) => ({ user_id }));
  grouped.aggregate("totals", { orders: count()${totals} }).to(totals);
  const perUser = some.groupBy(({ user_id }) => ({ user_id })).aggregate("counts", { orders: count() });
  builder.table(users.pick("full_name"))
    .join("own", perUser, (user) => user.id)
    .mapValues(({ id, own }) => ({ id, orders: own.orders }))
    .to(people);
});
`;

/** What ClickHouse has of each table, by key: the newest version of a row that is not deleted, or what a view shows. */
async function shownBy({ select }: Developed): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const newest = (table: string) =>
    select(
      `SELECT concat(_key, '@', toString(max(_version))) AS line FROM ${table}_rows GROUP BY _key ` +
        "HAVING argMax(_deleted, _version) = 0",
    );
  const lines = {
    chosen: await newest("chosen"),
    people: await newest("people"),
    totals: await select("SELECT concat(toString(user_id), '@', toString(tuple(*))) AS line FROM totals"),
  };
  return new Map(
    Object.entries(lines).map(([table, rows]) => [
      table,
      new Map(rows.map((row) => row.replaceAll('"', "").split("@") as [string, string])),
    ]),
  );
}

function countsOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): RowCounts {
  const both = [...before.keys()].filter((key) => after.has(key));
  const unchanged = both.filter((key) => before.get(key) === after.get(key)).length;
  return {
    rewritten: both.length - unchanged,
    added: after.size - both.length,
    deleted: before.size - both.length,
    unchanged,
  };
}

/** Makes a change; what was said of each table beforehand must be what then becomes of it. Returns what was said. */
async function assertForetold(dev: Developed, change: () => Promise<void>): Promise<Map<string, RowCounts>> {
  const before = await shownBy(dev);
  await change();
  await dev.told("dev change", "mixed: ");
  const said = dev.instance.events.findLast(({ event }) => event === "dev change") as unknown as {
    readonly preview: { readonly tables: readonly { readonly table: string; readonly counts: RowCounts }[] };
  };
  await dev.told("started", "resumed");
  // What is written last may still be under way when all tasks run.
  await dev.verified();
  const after = await shownBy(dev);
  const found = new Map(said.preview.tables.map(({ table, counts }) => [table, counts]));
  assertEquals([...found.keys()].sort(), ["chosen", "people", "totals"]);
  for (const [table, counts] of found) {
    assertEquals([table, counts], [table, countsOf(before.get(table)!, after.get(table)!)]);
  }
  return found;
}

Deno.test("dev counts beforehand what becomes of each row then", { ignore: !permitted }, async (t) => {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/topologies`);
    await Deno.writeTextFile(`${directory}/values.ts`, `${VALUES}{ least: 101, mark: 2 };\n`);
    await Deno.writeTextFile(`${directory}/topologies/mixed.ts`, topologyOf("", ""));
    const dev = developed(directory);
    try {
      await dev.told("dev", "Watching");
      await dev.told("started", "started fresh");
      await dev.verified();
      await t.step("a value: rows of all kinds", async () => {
        const found = await assertForetold(
          dev,
          () => dev.write("values.ts", `${VALUES}{ least: 201, mark: 0 };\n`),
        );
        // Of the 200 that stay those are rewritten that have another mark now.
        const chosen = { rewritten: 133, added: 100, deleted: 100, unchanged: 67 };
        assertEquals(found.get("chosen"), chosen);
        const { rewritten, added, deleted } = found.get("totals")!;
        assert(rewritten > 0 && added > 0 && deleted > 0, JSON.stringify([...found]));
      });
      await t.step("a column of groups", async () => {
        const found = await assertForetold(
          dev,
          () =>
            dev.write(
              "topologies/mixed.ts",
              topologyOf(', spent: "Decimal(18, 2)"', ", spent: sum((order) => order.total_amount)"),
            ),
        );
        const { rewritten, unchanged } = found.get("totals")!;
        assertEquals([rewritten > 0, unchanged, found.get("chosen")!.unchanged], [true, 0, 300]);
      });
      await t.step("a column of another type, which the start refuses", async () => {
        await dev.write("topologies/mixed.ts", topologyOf(', spent: "Float64"', ", spent: max(() => 0.5)"));
        const said = await dev.told("dev change", "mixed: ");
        assertStringIncludes(said, "(not counted: its start will be refused: Cannot use");
        assertStringIncludes(said, "chosen: nothing, all 300 rows unchanged");
        assertStringIncludes(await dev.told("failed", "Cannot use"), "Float64");
        await dev.write("topologies/mixed.ts", topologyOf("", ""));
        await dev.told("started", "resumed");
      });
    } finally {
      dev.instance.child.kill("SIGTERM");
      const { status, err } = await dev.instance.finished;
      assertEquals([status, err], [0, ""]);
    }
  });
});

const withheld = { configuration: loadConfiguration(), files: ["none"], onProgress: () => {} };
const never = new AbortController().signal;

Deno.test("beginPreview() says why nothing is counted", { ignore: !permitted }, async (t) => {
  const reasonOf = async (options: Parameters<typeof beginPreview>[0]) => {
    const preview = beginPreview(options);
    const found = await preview.of("none");
    await preview.close();
    return "reason" in found ? found.reason : null;
  };
  const given = { ...withheld, demo: true, timeMs: 60_000, signal: never };
  const { configuration } = withheld;
  await t.step("it is not wanted", async () => {
    assertEquals(await reasonOf({ ...given, timeMs: 0 }), "--preview 0s");
  });
  await t.step("there is no source", async () => {
    assertStringIncludes((await reasonOf({ ...given, demo: false }))!, "without the demo store");
    const kafka = {} as NonNullable<typeof configuration.kafka>;
    assertStringIncludes((await reasonOf({ ...given, configuration: { ...configuration, kafka } }))!, "POSTGRES_URL");
  });
  await t.step("it takes too long", async () => {
    assertStringIncludes((await reasonOf({ ...given, timeMs: 1 }))!, "counting took longer than 0.001 s");
  });
  await t.step("nobody wants to know any more", async () => {
    const abort = new AbortController();
    const preview = beginPreview({ ...given, signal: abort.signal });
    const found = preview.of("none");
    abort.abort("the files have changed again");
    assertEquals([await found, await preview.of("another")], [
      { reason: "the files have changed again" },
      { reason: "the files have changed again" },
    ]);
    await preview.close();
  });
  await t.step("its process finds nothing to count with", async () => {
    await withDirectory(async (directory) => {
      const own = { ...configuration, dataDirectory: `${directory}/data`, topologiesDirectory: directory };
      assertStringIncludes((await reasonOf({ ...given, configuration: own }))!, "Cannot find");
    });
  });
});

Deno.test(
  "changeText() says of what is not counted how many rows are there, and why",
  { ignore: !permitted },
  async () => {
    const table = clickhouse("shown", { key: ["id"], columns: { id: "Int64" } });
    const after = topology("one", (builder) => void builder.table(orders.pick("status")).to(table));
    const known = {
      warehouse: { query: () => Promise.resolve([{ rows: "1234" }]) },
      database: "default",
      lagRecords: 12,
    };
    const change = { before: after, after };
    const tables = [{ table: "shown", reason: "it shows a topic of plain JSON" }];
    assertEquals(
      await changeText(change, { ...known, preview: { reason: "counting took longer than 30 s (--preview)" } }),
      "shown: nothing, unless a value that it uses has changed (1,234 rows) " +
        "(not counted: counting took longer than 30 s (--preview))",
    );
    assertEquals(
      await changeText(change, { ...known, preview: { at: "2026-01-01T00:00:00.000Z", tables } }),
      "shown: nothing, unless a value that it uses has changed (1,234 rows) " +
        "(not counted: it shows a topic of plain JSON) (as of 2026-01-01T00:00:00.000Z; " +
        "12 records of its topics, not applied by then, included)",
    );
  },
);
