import { assert, assertEquals } from "@std/assert";
import { type Finished, permitted, runMain, withDirectory } from "./support.ts";
import { type Parts, topologyText } from "./mistaken_topology.ts";

const ignore = !permitted;
const MOD = new URL("../../src/mod.ts", import.meta.url).href;

/** Places of one test: its topology files and its data. */
interface Home {
  /** Replaces all topology files. */
  files(texts: Readonly<Record<string, string>>): Promise<void>;
  /** Runs `start` for a moment, without the type check unless it is asked for. */
  start(options?: { readonly args?: readonly string[]; readonly env?: Record<string, string> }): Promise<Finished>;
  run(...args: readonly string[]): Promise<Finished>;
}

function atHome(use: (home: Home) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const topologies = `${directory}/topologies`;
    const env = { WEIR_TOPOLOGIES: topologies };
    const data = ["--data", `${directory}/data`];
    await Deno.mkdir(topologies);
    await use({
      async files(texts) {
        for await (const { name } of Deno.readDir(topologies)) await Deno.remove(`${topologies}/${name}`);
        for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(`${topologies}/${name}.ts`, text);
      },
      start: ({ args = ["--no-check"], env: more = {} } = {}) =>
        runMain(
          ["start", ...data, "--demo-size", "small", "--rate", "0", "--port", "0", "--duration", "100ms", ...args],
          { ...env, ...more },
        ),
      run: (...args) => runMain([...args, ...data], env),
    });
  });
}

interface Event {
  readonly event: string;
  readonly message: string;
  readonly topology?: string;
  readonly sinks?: readonly { readonly held?: number; readonly deleted: number }[];
}

function eventsOf({ out }: Finished): Event[] {
  return out.split("\n").filter((line) => line.startsWith('{"time"')).map((line) => JSON.parse(line));
}

/** Each file with a mistake of its own, and what must be said of it. */
type Mistakes = Readonly<Record<string, { readonly text: string; readonly says: RegExp }>>;

const texts = (mistakes: Mistakes) =>
  Object.fromEntries(Object.entries(mistakes).map(([name, { text }]) => [name, text]));

Deno.test({
  name: "mistakes that types show are told with file and line, all at once, and nothing is made",
  ignore,
  fn: () =>
    atHome(async ({ files, start, run }) => {
      await files({
        typos: `import { clickhouse, count, debezium, int8, sum, topology } from "${MOD}";
import { z } from "zod";
const users = debezium("online_store.public.users", { key: ["id"], row: z.object({ id: int8(), email: z.string() }) });
const orders = debezium("online_store.public.orders", { key: ["id"], row: z.object({ id: int8(), user_id: int8() }) });
const totals = clickhouse("totals", { key: ["user_id"], columns: { user_id: "Int64", orders: "UInt64" } });
export default topology("typos", (builder) => {
  builder.table(users).filter((user) => user.emial !== "");
  builder.table(users).mapValues((user) => ({ id: user.ID }));
  builder.table(orders).join("user", builder.globalTable(users), (order) => order.userId);
  builder.table(orders).groupBy((order) => ({ user_id: order.userid })).aggregate("a", { orders: count() });
  const groups = builder.table(orders).groupBy((order) => ({ user_id: order.user_id }));
  groups.aggregate("b", { orders: sum((order) => order.amount) });
});
`,
      });
      const { status, err } = await start({ args: [] });
      assertEquals(status, 1);
      for (const [line, column] of [[7, "emial"], [8, "ID"], [9, "userId"], [10, "userid"], [12, "amount"]]) {
        assert(new RegExp(`typos\\.ts:${line}:\\d+: .*(${column})`).test(err), `${line}: ${err}`);
      }
      assertEquals((await run("query", "SELECT 1")).status, 1);
    }),
});

Deno.test({
  name: "mistakes in declarations fail their files alone, each with its remedy",
  ignore,
  fn: () =>
    atHome(async ({ files, start }) => {
      const wrong = (name: string, { says, ...parts }: Partial<Parts> & { readonly says: RegExp }) => ({
        [name]: { text: topologyText(name, parts), says },
      });
      const mistakes: Mistakes = {
        ...wrong("picked", { picked: '.pick("emial")', says: /emial.*Did you mean "email"/ }),
        ...wrong("type", { columns: '{ id: "Int64", email: "Strng", level: "UInt8" }', says: /Strng.*String/ }),
        ...wrong("key", { key: '"email"', says: /key/ }),
        ...wrong("float", {
          totals: "{ orders: sum((order: any) => order.user.score) }",
          users: "{ id: int8(), email: z.string(), phone: z.string().nullable(), score: float8() }",
          says: /sum.*score|score.*sum|float|exact/i,
        }),
        ...wrong("table_a", { rows: "one_table", says: /both write to ClickHouse table "one_table"/ }),
        ...wrong("table_b", { rows: "one_table", says: /both write to ClickHouse table "one_table"/ }),
        ...wrong("name_a", { name: "one_name", says: /both are named "one_name"/ }),
        ...wrong("name_b", { name: "one_name", says: /both are named "one_name"/ }),
        none: { text: "export const nothing = 1;", says: /default export.*export default topology/ },
        thrown: { text: 'throw new RangeError("at import");', says: /at import/ },
        syntax: { text: "export default = ;", says: /Cannot import .*syntax\.ts/ },
      };
      await files({ ...texts(mistakes), good: topologyText("good") });
      const finished = await start();
      assertEquals(finished.status, 1);
      const events = eventsOf(finished);
      assert(events.some(({ event, topology }) => event === "started" && topology === "good"), finished.out);
      for (const [name, { says }] of Object.entries(mistakes)) {
        const told = events.filter(({ event, topology = "" }) =>
          event === "failed" && topology.endsWith(`/${name}.ts`)
        );
        assert(told.length === 1 && says.test(told[0].message), `${name}: ${JSON.stringify(told)}`);
        assert(finished.err.includes(`${name}.ts`), finished.err);
      }
    }),
});

/** What fails in rows, and what is said of it. */
const FAILING: Readonly<Record<string, { readonly parts: Partial<Parts>; readonly says: RegExp }>> = {
  throws_for_all: { parts: { user: "(() => { throw new RangeError('not today') })()" }, says: /not today/ },
  throws_for_some: { parts: { user: "{ id: user.id, email: user.phone.trim(), level: 1 }" }, says: /null/ },
  misspelt_group: { parts: { group: "{ user_id: order.userid }" }, says: /Cannot group by "user_id".*misspelt/ },
  misspelt_key: { parts: { foreignKey: "order.userid" }, says: /undefined as a foreign key.*misspelt/ },
  misspelt_column: {
    parts: { user: "{ id: user.id, email: user.mail, level: 1 }" },
    says: /the row has no such column/,
  },
  too_large: { parts: { user: "{ id: user.id, email: user.email, level: 300 }" }, says: /300.*Declare a type/ },
  null_value: { parts: { user: "{ id: user.id, email: null, level: 1 }" }, says: /Nullable/ },
  other_key: {
    parts: { users: "{ id: z.uuid(), email: z.string(), phone: z.string().nullable() }" },
    says: /could not be read|Cannot/,
  },
  other_schema: {
    parts: { users: "{ id: int8(), email: z.int(), phone: z.string().nullable() }" },
    says: /could not be read|Cannot/,
  },
  no_key: { parts: { group: "{ user_id: new Date(0) }" }, says: /as a key/ },
};

Deno.test({
  name: "mistakes that fail rows delete none, are told, and are gone once they are mended",
  ignore,
  fn: () =>
    atHome(async ({ files, start, run }) => {
      const names = Object.keys(FAILING);
      const right = Object.fromEntries(names.map((name) => [name, topologyText(name)]));
      const tables = names.flatMap((name) => [`${name}_rows`, `${name}_totals`]);
      const counts = async () => {
        const sql = tables.map((table) => `SELECT '${table}' AS name, count() AS rows FROM ${table}`).join(
          " UNION ALL ",
        );
        const { out, err } = await run("query", `SELECT * FROM (${sql}) ORDER BY name`, "--format", "csv");
        assertEquals(err, "");
        return out;
      };
      await files(right);
      const first = await start();
      assertEquals(first.status, 0, first.err);
      const before = await counts();

      await files(Object.fromEntries(names.map((name) => [name, topologyText(name, FAILING[name].parts)])));
      const mistaken = await start();
      assertEquals(mistaken.status, 1);
      for (const name of names) {
        const started = eventsOf(mistaken).find(({ event, topology }) => event === "started" && topology === name);
        assert(started !== undefined, `${name} has not started: ${mistaken.out}`);
        assert(started.sinks!.every(({ deleted }) => deleted === 0), started.message);
        assert(started.sinks!.some(({ held = 0 }) => held > 0) && started.message.includes("HELD"), started.message);
        const line = mistaken.err.split("\n").find((text) => text.includes(`${name} is degraded: `)) ?? "";
        assert(FAILING[name].says.test(line) && line.includes("--allow-deletes"), `${name}: ${line}\n${mistaken.err}`);
      }
      assertEquals(await counts(), before);
      // The tables are as they were; what the mistaken files would compute is less.
      assertEquals((await run("verify")).status, 1);

      await files(right);
      const mended = await start();
      assertEquals(mended.status, 0, mended.err);
      const verified = await run("verify");
      assertEquals(verified.status, 0, verified.out + verified.err);
    }),
});

Deno.test({
  name: "rows that never were computed are told by the last line of start, and by verify with a status of its own",
  ignore,
  fn: () =>
    atHome(async ({ files, start, run }) => {
      await files({ some: topologyText("some", FAILING.throws_for_some.parts) });
      const started = await start();
      assertEquals(started.status, 0, started.err);
      const end = eventsOf(started).find(({ event }) => event === "ended")!;
      assert(
        /dead letters? of this run \(some callback_threw \d+\).*deno task dlq --data/.test(end.message),
        end.message,
      );
      const { status, out, err } = await run("verify");
      assertEquals(status, 3, out + err);
      assert(
        /rows cannot be computed by "users\.mapValues" of some .*: for key \d+: .*deno task dlq --data /.test(out),
        out,
      );
      assert(out.includes("Equal, but not whole: "), out);
    }),
});

Deno.test({
  name: "other names, a filter that takes nearly everything and files that are gone are told, and lose no row",
  ignore,
  fn: () =>
    atHome(async ({ files, start, run }) => {
      const count = async () => (await run("query", "SELECT count() AS n FROM shop_rows", "--format", "csv")).out;
      await files({ shop: topologyText("shop"), gone: topologyText("gone") });
      assertEquals((await start()).status, 0);
      const rows = await count();
      const told = async (name: string, { says, ...changed }: Partial<Parts> & { readonly says: RegExp }) => {
        await files({ [name]: topologyText("shop", changed), gone: topologyText("gone") });
        const { status, err, out } = await start({ args: ["--no-check"], env: { WEIR_DELETES_MAX_ROWS: "10" } });
        assert(status === 1 && says.test(err), `${name}: ${status} ${err} ${out}`);
        assertEquals(await count(), rows, name);
      };
      await told("renamed", { name: "store", says: /--take-over <old name>/ });
      const says = /Start stopped before it deletes .*filter.*--allow-deletes/s;
      await told("filtered", { where: ".filter(() => false)", says });

      // Nothing is wrong with these: the start goes well, and names what is left.
      await files({
        shop: topologyText("shop", {
          rows: "buyers",
          columns: '{ id: "Int64", email: "String", rank: "UInt8" }',
          user: "{ id: user.id, email: user.email, rank: 1 }",
        }),
      });
      const finished = await start();
      assertEquals(finished.status, 0, finished.err);
      const texts = eventsOf(finished).map(({ message }) => message).join("\n");
      for (const table of ["shop_rows_rows", "gone_rows_rows", "gone_totals_rows"]) {
        assert(new RegExp(`DROP TABLE [^\n]*${table}`).test(texts), `${table}: ${texts}`);
      }
      assertEquals(await count(), rows);
      await files({
        shop: topologyText("shop", {
          rows: "buyers",
          columns: '{ id: "Int64", email: "String", grade: "UInt8" }',
          user: "{ id: user.id, email: user.email, grade: 1 }",
        }),
      });
      const column = await start();
      assert(/ALTER TABLE [^\n]*buyers_rows[^\n]* DROP COLUMN [^\n]*rank/.test(column.out), column.out);
    }),
});

Deno.test({
  name: "a wrong environment, command line or data directory is told in one message, and nothing begins",
  ignore,
  fn: () =>
    atHome(async ({ files, start, run }) => {
      await files({ shop: topologyText("shop") });
      const cases: readonly (readonly [Parameters<typeof start>[0], number, RegExp])[] = [
        [{ env: { WEIR_PORT: "http" } }, 1, /WEIR_PORT.*current value is "http"/],
        [{ env: { WEIR_SINK_ROWS_MAX: "-1" } }, 1, /WEIR_SINK_ROWS_MAX/],
        [{ env: { KAFKA_BROKERS: "127.0.0.1:9" } }, 1, /CLICKHOUSE_URL/],
        [{ args: ["shpo"] }, 1, /Did you mean "shop"/],
        [{ args: ["--alow-deletes"] }, 2, /Did you mean "--allow-deletes"/],
        [{ args: ["--duration", "soon"] }, 2, /a duration such as 20s/],
      ];
      for (const [options, status, says] of cases) {
        const finished = await start(options);
        assertEquals([finished.status, says.test(finished.err)], [status, true], finished.err + finished.out);
        assert(!/^\s+at /m.test(finished.err), finished.err);
      }
      assertEquals((await run("query", "SELECT 1")).status, 1);
    }),
});
