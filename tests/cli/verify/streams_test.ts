import { assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { pathsIn } from "../../../src/cli/embedded_directory.ts";
import { packHeaders, readHeaders } from "../../../src/record/headers.ts";
import { permitted, runMain } from "../support.ts";
import { ended, produced, started, startedAfterKill, verified, withTopology } from "./one_topology.ts";

const ROOT = new URL("../../../", import.meta.url).href;
const TOPIC = "shop.clicks";
const EVENTS = 20_000;

const TOPOLOGY = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouseAppend, events, int8, topology } from "${ROOT}src/mod.ts";

const clicks = events("${TOPIC}", { row: z.object({ n: int8(), url: z.string() }) });
const views = clickhouseAppend("views", { columns: { n: "Int64", url: "String" }, orderBy: ["n"] });

export default topology("views", (builder) => {
  builder.stream(clicks).filter(({ url }) => url !== "/health").to(views);
});
`;

Deno.test({
  name: "verify proves a stream's table after kill -9, and finds one row too many, one too few and one that is wrong",
  ignore: !permitted,
  fn: () =>
    withTopology(TOPOLOGY, async (one) => {
      const { env, data } = one;
      const events = Array.from({ length: EVENTS }, (_, n) => ({ n, url: n % 4 === 0 ? "/health" : `/${n}` }));
      const input = events.map((event) => JSON.stringify(event)).join("\n");
      await produced(one, { topic: TOPIC, input });

      const query = async (sql: string, ...args: string[]) => {
        const { status, out, err } = await runMain(["query", sql, ...args, ...data, "--format", "csv"], env);
        assertEquals(status, 0, err);
        return out;
      };
      const running = await startedAfterKill(one);
      for (let tries = 0; tries < 60 && !(await query("SELECT count() FROM views")).endsWith("\n15000\n"); tries++);
      await ended(running);

      const verify = async () => (await verified(one)).found;
      assertEquals(await verify(), [0, 15_000, 0, 0, 0]);
      await query("INSERT INTO views_rows SELECT * FROM views_rows WHERE n = 1", "--write");
      await query("ALTER TABLE views_rows DELETE WHERE n = 2 SETTINGS mutations_sync = 1", "--write");
      await query("ALTER TABLE views_rows UPDATE url = 'x' WHERE n = 3 SETTINGS mutations_sync = 1", "--write");
      assertEquals(await verify(), [1, 15_000, 1, 1, 1]);
      await query("INSERT INTO views_rows (n, url) VALUES (-1, 'of no record')", "--write");
      assertEquals(await verify(), [1, 15_000, 1, 2, 1]);
    }),
});

const USERS = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouseAppend, debezium, int8, topology } from "${ROOT}src/mod.ts";

const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const names = clickhouseAppend("names", { columns: { op: "String", name: "String" }, orderBy: ["op"] });

export default topology("names", (builder) => {
  builder.stream(users).mapValues(({ op, after }) => ({ op, name: after?.name ?? "" })).to(names);
});
`;

Deno.test({
  name: "verify compares changes of a compacted topic that are left there",
  ignore: !permitted,
  fn: () =>
    withTopology(USERS, async (one) => {
      const { directory, env, data } = one;
      const input = Array.from({ length: 100 }, (_, n) => `{"id":${n % 20},"name":"n${n}"}`).join("\n");
      await produced(one, { topic: "shop.public.users", input });
      const running = await started(one);
      const count = ["query", "SELECT count() FROM names", ...data, "--format", "csv"];
      for (let tries = 0; tries < 60 && !(await runMain(count, env)).out.endsWith("\n100\n"); tries++);
      await ended(running);
      const verify = async () => (await verified(one)).found;
      assertEquals(await verify(), [0, 100, 0, 0, 0]);
      const log = openEmbeddedLog({ path: pathsIn(`${directory}/data`).log });
      await log.compact("shop.public.users");
      await log.close();
      assertEquals(await verify(), [0, 20, 0, 0, 0]);
      const change = "ALTER TABLE names_rows UPDATE name = 'x' WHERE name = 'n99' SETTINGS mutations_sync = 1";
      assertEquals((await runMain(["query", change, "--write", ...data], env)).status, 0);
      assertEquals(await verify(), [1, 20, 0, 0, 1]);
    }),
});

const CALLS = `
import { z } from "${import.meta.resolve("zod")}";
import { clickhouseAppend, events, int8, topic, topology } from "${ROOT}src/mod.ts";

const calls = events("shop.calls", { row: z.object({ n: int8(), who: z.string() }) });
const rows = topic("shop.answers", { row: z.object({ n: int8(), who: z.string() }) });
const once = topic("shop.answers_once", { row: z.object({ n: int8() }), guarantee: "exactly_once" });

export default topology("answers", (builder) => {
  builder.stream(calls).flatMapValues((call) => call.who === "" ? [] : [call, { ...call, n: -1 }])
    .to(rows, { headers: ({ who }) => ({ who }) });
  builder.stream(calls).filter(({ who }) => who !== "").to(once);
  builder.stream(calls).mapValues(({ n }) => ({ n }))
    .to(clickhouseAppend("calls", { columns: { n: "Int64" }, orderBy: ["n"] }));
});
`;

Deno.test({
  name: "verify proves a topic that is written to, after kill -9, and finds what is missing, extra and different",
  ignore: !permitted,
  fn: () =>
    withTopology(CALLS, async (one) => {
      const { directory, env, data } = one;
      const input = Array.from({ length: 30_000 }, (_, n) => `{"n":${n},"who":"${n % 3 === 0 ? "" : `w${n % 7}`}"}`);
      await produced(one, { topic: "shop.calls", input: input.join("\n") });
      const running = await startedAfterKill(one);
      const count = ["query", "SELECT count() FROM calls", ...data, "--format", "csv"];
      for (let tries = 0; tries < 60 && !(await runMain(count, env)).out.endsWith("\n30000\n"); tries++);
      await ended(running);
      const verify = async (at = 1) => {
        const { sink, found: [status, ...rows] } = await verified(one, at);
        return [status, sink, ...rows];
      };
      assertEquals(await verify(), [0, "shop.answers", 40_000, 0, 0, 0]);
      assertEquals(await verify(2), [0, "shop.answers_once", 20_000, 0, 0, 0]);

      const log = openEmbeddedLog({ path: pathsIn(`${directory}/data`).log });
      const reader = log.reader();
      reader.seek("shop.answers", 0, 0);
      const [{ records: [record] }] = await reader.poll(1_000);
      const others = packHeaders({ ...readHeaders(record.headers), "weir-origin": "shop.other@id/0/1/0" });
      const more = [record, { ...record, headers: others }, { ...record, value: "{}" }];
      await log.append([{ topic: "shop.answers", partition: 0, records: more }]);
      reader.stop("shop.answers", 0);
      reader.seek("shop.answers_once", 0, 0);
      const [{ records: [first] }] = await reader.poll(1_000);
      await log.append([{ topic: "shop.answers_once", partition: 0, records: [first] }]);
      await log.close();
      assertEquals(await verify(), [1, "shop.answers", 40_000, 0, 1, 0]);
      assertEquals(await verify(2), [1, "shop.answers_once", 20_000, 0, 1, 0]);
    }),
});
