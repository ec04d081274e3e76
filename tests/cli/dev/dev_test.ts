import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { permitted, withDirectory } from "../support.ts";
import { type Developed, developed } from "./developed.ts";

const MOD = new URL("../../../src/mod.ts", import.meta.url).href;
const STORE = new URL("../../../topologies/online_store/sources.ts", import.meta.url).href;

const limit = (least: number) => `export const least: number = ${least};\n`;

/** Orders of at least so many. `from`: an expression, `columns`: further columns of the table. */
const topologyOf = (name: string, { from, columns = "" }: { readonly from: string; readonly columns?: string }) => `
import { clickhouse, topology } from ${JSON.stringify(MOD)};
import { orders } from ${JSON.stringify(STORE)};
${from === "least" ? 'import { least } from "../limit.ts";' : ""}
const table = clickhouse("${name}", { key: ["id"], columns: { id: "Int64", user_id: "Int64"${columns} } });
export default topology("${name}", (builder) => {
  builder.table(orders.pick("user_id", "status")).filter((order) => Number(order.id) >= ${from}).to(table);
});
`;

Deno.test("dev says what a change will do, then does it, and lets the rest run", { ignore: !permitted }, async (t) => {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/topologies`);
    await Deno.writeTextFile(`${directory}/limit.ts`, limit(1));
    await Deno.writeTextFile(`${directory}/topologies/big.ts`, topologyOf("big", { from: "least" }));
    await Deno.writeTextFile(`${directory}/topologies/other.ts`, topologyOf("other", { from: "1" }));
    const dev = developed(directory);
    try {
      await dev.told("dev", "Watching");
      const started = (name: string) =>
        dev.instance.event((event) => event.event === "started" && event.topology === name);
      await Promise.all([started("big"), started("other")]);
      await steps(t, dev);
      const others = dev.instance.events.filter((event) => event.event === "started" && event.topology === "other");
      assertEquals(others.length, 1);
    } finally {
      dev.instance.child.kill("SIGTERM");
      const { status, err } = await dev.instance.finished;
      assertEquals([status, err], [0, ""]);
    }
  });
});

Deno.test("dev leaves the files of a data directory alone that lies beside what it watches", {
  ignore: !permitted || Deno.build.os !== "linux",
}, async () => {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/topologies`);
    await Deno.writeTextFile(`${directory}/limit.ts`, limit(1));
    await Deno.writeTextFile(`${directory}/topologies/big.ts`, topologyOf("big", { from: "least" }));
    // Orders come: all the time something is written to the store's files, and each counting reads them.
    const { instance, told, write, verified } = developed(directory, { rate: 50 });
    try {
      await told("dev", "Watching");
      await told("started", "started fresh");
      const watched = await watchedBy(instance.child.pid);
      const isWatched = async (path: string) => watched.has((await Deno.stat(`${directory}/${path}`)).ino!);
      assertEquals(await Promise.all([".", "topologies"].map(isWatched)), [true, true]);
      assertEquals(await Promise.all(["data", "data/store.db", "data/clickhouse"].map(isWatched)), [
        false,
        false,
        false,
      ]);
      await write("limit.ts", limit(101));
      await told("dev change", "big: ");
      await told("started", "big ");
      // A folder that was not there at the start is followed from its first import on.
      await Deno.mkdir(`${directory}/later`);
      await write("later/limit.ts", limit(301));
      await write("limit.ts", 'export { least } from "./later/limit.ts";\n');
      assert(/^Changed: \S*limit\.ts$/.test(await told("dev", "Changed: ")));
      await told("started", "big ");
      await write("later/limit.ts", limit(201));
      // The other file was told already: nothing of it has changed since.
      assert(/^Changed: \S*later\/limit\.ts$/.test(await told("dev", "Changed: ")));
      await told("started", "big ");
      await verified();
    } finally {
      instance.child.kill("SIGTERM");
      const { status, err } = await instance.finished;
      assertEquals([status, err], [0, ""]);
    }
  });
});

/** Numbers of the files and directories that a process watches. */
async function watchedBy(pid: number): Promise<Set<number>> {
  const watched = new Set<number>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fdinfo`)) {
    const text = await Deno.readTextFile(`/proc/${pid}/fdinfo/${name}`).catch(() => "");
    for (const [, ino] of text.matchAll(/^inotify wd:\S+ ino:([0-9a-f]+)/gm)) watched.add(parseInt(ino, 16));
  }
  return watched;
}

async function steps(t: Deno.TestContext, { told, write, count, directory }: Developed): Promise<void> {
  await t.step("a value in a file that is imported", async () => {
    await write("limit.ts", limit(101));
    assertStringIncludes(await told("dev", "Changed"), "limit.ts");
    assertStringIncludes(await told("dev change", "big: "), "0 rows rewritten, 0 added, 100 deleted, 400 unchanged");
    assertStringIncludes(await told("started", "400 rows kept"), "100 deleted");
    assertEquals(await count("big"), 400);
  });
  await t.step("a new column", async () => {
    await write("topologies/big.ts", topologyOf("big", { from: "least", columns: ', status: "String"' }));
    assertStringIncludes(
      await told("dev change", "big: "),
      "column status is added: 400 rows rewritten, 0 added, 0 deleted, 0 unchanged",
    );
    assertStringIncludes(await told("started", "rewritten"), "400 rows");
  });
  await t.step("a wrong type: what ran before goes on", async () => {
    await write("topologies/big.ts", topologyOf("big", { from: "least", columns: ', no_such: "String"' }));
    const message = await told("dev", "is not loaded");
    assertStringIncludes(message, "what ran before goes on");
    assert(/big\.ts:7:\d+: .*\(TS\d+\)/s.test(message), message);
    assertEquals(await count("big"), 400);
  });
  await t.step("it is mended, in another way", async () => {
    await write("topologies/big.ts", topologyOf("big", { from: "301", columns: ', status: "String"' }));
    assertStringIncludes(
      await told("dev change", "big: "),
      "computed in another way: 0 rows rewritten, 0 added, 200 deleted, 200 unchanged",
    );
    await told("started", "200 rows kept");
    assertEquals(await count("big"), 200);
  });
  await t.step("a new file, that goes again", async () => {
    await write("topologies/third.ts", topologyOf("third", { from: "1" }));
    assertStringIncludes(await told("dev change", "third: "), "a new table, 500 rows added");
    await told("started", "started fresh");
    await Deno.remove(`${directory}/topologies/third.ts`);
    assertStringIncludes(await told("dev change", "third: "), "nobody writes it any more; 500 rows stay");
  });
}
