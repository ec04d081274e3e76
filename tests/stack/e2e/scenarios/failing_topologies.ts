import { projectPath } from "../../layout.ts";
import { stackAddresses } from "../../mod.ts";
import { addPartitions, addTopics } from "../../topics.ts";
import { addTables, captureTables } from "../added_tables.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 40;
const PARTITIONS = 6;
const OFFERS = "online_store.public.offers";
const STOCKS = "online_store.public.stocks";
/** A second try comes after 10 s, a third after 20 s more. */
const REPAIR_MS = 120_000;
/** Characters of a reason among the figures. */
const REASON_LENGTH = 130;

const project = (path: string) => `file://${projectPath(path)}`;

/** One that runs, one whose two topics cannot be joined, and one whose ClickHouse table has another shape. */
const FILES = {
  mirror: `export { default } from "${project("topologies/mirror.ts")}";`,
  offered: `
import { clickhouse, debezium, int8, topology } from "${project("src/mod.ts")}";
import { z } from "npm:zod@^4";

const offers = debezium("${OFFERS}", { key: ["id"], row: z.object({ id: int8(), title: z.string() }) });
const stocks = debezium("${STOCKS}", { key: ["id"], row: z.object({ id: int8(), pieces: z.int() }) });

export default topology("offered", (builder) => {
  builder.table(offers)
    .outerJoin({ left: "offer", right: "stock" }, builder.table(stocks))
    .mapValues((both, id) => ({ id, title: both.offer?.title ?? null, pieces: both.stock?.pieces ?? null }))
    .to(clickhouse("offered", {
      key: ["id"],
      columns: { id: "Int64", title: "Nullable(String)", pieces: "Nullable(Int32)" },
    }));
});
`,
  shaped: `
import { clickhouse, topology } from "${project("src/mod.ts")}";
import { sellers } from "${project("topologies/online_store/sources.ts")}";

export default topology("shaped", (builder) => {
  builder.table(sellers.pick("name"))
    .to(clickhouse("shaped", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});
`,
} as const;

/** A file that is not complete. */
const BROKEN = { name: "broken", text: "export default topology(" };

const NAMES = Object.keys(FILES);
/** The failed ones, each with what the reason says of its kind. */
const FAILED: Readonly<Record<string, readonly string[]>> = {
  offered: [OFFERS, STOCKS, "partitions"],
  shaped: ["shaped", "name"],
};

/** Topologies that fail leave the others alone, say why, and run as soon as somebody else has repaired the cause. */
export const failingTopologies: Scenario = {
  title: "topologies fail beside one that runs, and are repaired",
  async run(stage) {
    const { steps } = stage;
    const environment = await stage.writeTopologies("failing", { ...FILES, [BROKEN.name]: BROKEN.text });
    const broken = `${environment.WEIR_TOPOLOGIES}/${BROKEN.name}.ts`;
    await steps.step("two topics have different partition counts, and a table has another shape", () => spoil(stage));
    const first = stage.startWeir([], environment);
    const all = { ...FAILED, [broken]: [`Cannot import ${broken}`, "not tried again"] };
    await steps.step("a file and two topologies fail, one runs", (signal) => failed(first, { expected: all, signal }), {
      withinMs: REPAIR_MS,
    });
    await steps.step("Ctrl-C ends it with status 1, and it says which failed", async (signal) => {
      await first.end(signal, { status: 1 });
      const last = first.logTail();
      const silent = Object.keys(all).filter((name) => !last.includes(name));
      if (silent.length > 0) throw new Error(`the end of the log does not name ${silent}:\n${last}`);
    });
    await Deno.remove(broken);
    const weir = stage.startWeir([], environment);
    await steps.step("so do the two at the next start", (signal) => failed(weir, { expected: FAILED, signal }), {
      withinMs: REPAIR_MS,
    });
    await steps.step("the one that runs goes on", async () => {
      const { postgres } = stackAddresses(stage.options);
      const writer = new Writer({ postgres, perSecond: PER_SECOND, seed: stage.options.seed + 5 });
      await sleep(2_000);
      return writtenText(await writer.stop());
    });
    await stage.verify("the one that runs", ["mirror"], { environment });
    await steps.step("the causes are repaired", () => repair(stage));
    await steps.step("both run by themselves", (signal) => recovered(weir, signal), { withinMs: REPAIR_MS });
    await stage.verify("all three", NAMES, { environment });
    await steps.step("Ctrl-C ends it with status 0", (signal) => weir.end(signal));
  },
};

async function spoil(stage: Stage): Promise<void> {
  await addTables(stage, {
    offers: "id bigint PRIMARY KEY, title text NOT NULL",
    stocks: "id bigint PRIMARY KEY, pieces integer NOT NULL",
  });
  const config = { "cleanup.policy": "compact" };
  await addTopics(stage.layout, [
    { name: OFFERS, partitions: PARTITIONS, config },
    { name: STOCKS, partitions: PARTITIONS / 2, config },
  ]);
  await stage.command(
    "CREATE TABLE shaped_rows (id Int64, name Int32, _version UInt64, _deleted UInt8) " +
      "ENGINE = ReplacingMergeTree(_version, _deleted) ORDER BY id",
  );
}

/** The topics are empty yet, so that no key moves. */
async function repair(stage: Stage): Promise<void> {
  await addPartitions(stage.layout, { topic: STOCKS, count: PARTITIONS });
  await captureTables(stage, { tables: ["offers", "stocks"] });
  await stage.sql(`
    INSERT INTO offers SELECT id, 'offer ' || id FROM generate_series(1, 60) id;
    INSERT INTO stocks SELECT id, id FROM generate_series(31, 90) id;
    DELETE FROM offers WHERE id = 40;`);
  await stage.command("DROP TABLE shaped_rows");
}

/** /readyz and metrics say which ones fail, and why; the others are ready. */
async function failed(
  weir: WeirProcess,
  { expected, signal }: { readonly expected: typeof FAILED; readonly signal: AbortSignal },
): Promise<string> {
  const answer = await weir.readyzSays((text) => {
    const lines = text.split("\n");
    const told = Object.entries(expected).every(([name, words]) =>
      lines.some((line) => line.startsWith(`- ${name}: failed: `) && words.every((word) => line.includes(word)))
    );
    return told && lines.includes("ready: mirror");
  }, { wanted: `that mirror is ready, and for the others ${JSON.stringify(expected)}`, signal });
  for (const name of new Set([...NAMES, ...Object.keys(expected)])) {
    const [running, isFailed] = await Promise.all(
      ["running", "failed"].map((state) =>
        weir.metric("weir_topology_state", new RegExp(`topology="${name}".*state="${state}"`))
      ),
    );
    const failures = await weir.metric("weir_topology_failures_total", new RegExp(`topology="${name}"`));
    const figures = `weir_topology_state of ${name}: running ${running}, failed ${isFailed}; ${failures} failures`;
    if (name in expected ? isFailed !== 1 || running !== 0 : running !== 1 || isFailed !== 0 || failures !== 0) {
      throw new Error(figures);
    }
    if (name in FAILED && failures === 0) throw new Error(figures);
  }
  const reasons = answer.split("\n").filter((line) => line.startsWith("- "));
  return reasons.map((line) => line.slice(2, 2 + REASON_LENGTH)).join("; ");
}

/** Resolves when everything runs. The causes were told once for each try. */
async function recovered(weir: WeirProcess, signal: AbortSignal): Promise<string> {
  await weir.ready(signal);
  return `${await weir.metric("weir_topology_failures_total")} failures told`;
}
