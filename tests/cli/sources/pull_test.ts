import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openPostgresTruth } from "../../../src/cli/verify/postgres_truth.ts";
import type { Source } from "../../../src/dsl/source.ts";
import { hasPostgres15, type PostgresServer, startPostgres } from "../../values/postgres_server.ts";
import { patched } from "./patched.ts";
import { deno, runWeir, type Said } from "./run_sources.ts";

const SCHEMA = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very "happy"');
CREATE DOMAIN cents AS numeric(10, 2) CHECK (VALUE >= 0);
CREATE DOMAIN reason AS cents NOT NULL;
CREATE TYPE pair AS (a int, b int);
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE kinds (
  second_key text, small int2 NOT NULL, plain int4, big int8 NOT NULL, exact numeric(12, 2), wide numeric(78, 0),
  free numeric, odd numeric(3, 5), coins money, fee cents, why reason, real_one real, double_one float8, truth boolean,
  day date, moment timestamptz NOT NULL, moment3 timestamptz(3), local timestamp, local3 timestamp(3), clock time(2),
  zoned timetz, doc json, docb jsonb, ident uuid, raw bytea, one_bit bit, bits bit(8), var_bits varbit(9),
  code char(3), folded citext, note varchar(20), net inet, spread int4range, feeling mood NOT NULL, feelings mood[],
  words text[] NOT NULL, amounts numeric(6, 1)[], at_times timestamptz[], spot point, joint pair, lapse interval,
  "odd name" text, doubled int GENERATED ALWAYS AS (plain * 2) STORED,
  PRIMARY KEY (big, second_key)
);
COMMENT ON TABLE kinds IS 'Every type */ there is.';
COMMENT ON COLUMN kinds.exact IS E'What it costs.\\nIn euros.';
INSERT INTO kinds VALUES ('k', 1, 2, 9007199254740993, 1.50, 12345678901234567890123456789012345678901234567890,
  1.234567, 0.00123, 12.5, 3.25, 4.75, 0.5, 0.1, true, '2024-02-29', '2024-01-02 03:04:05.678901+00', now(), now(),
  '2024-01-02 03:04:05.123', '10:11:12.5', '10:11:12+02', '{"a":1}', '[1]', gen_random_uuid(), '\\x00ff', B'1',
  B'10101010', B'101', 'ab', 'MiXed', 'n', '10.0.0.1', '[1,5)', 'very "happy"', '{sad,ok}', '{a,b}', '{1.5,2.5}',
  '{2024-01-01 00:00:00+00}', '(1,2)', '(1,2)', '1 day', 'o');
INSERT INTO kinds (big, second_key, small, moment, feeling, words, why) VALUES (1, 'x', 0, now(), 'ok', '{}', 1);
CREATE TABLE parted (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE keyless (a int);
CREATE TABLE unique_one (code text NOT NULL UNIQUE, spare text UNIQUE);
CREATE SCHEMA other;
CREATE TABLE other.kinds (id int PRIMARY KEY);
CREATE ROLE visitor LOGIN PASSWORD 'geheim#1';
`;

interface Place {
  readonly server: PostgresServer;
  readonly folder: string;
  pull(...args: string[]): Promise<Said>;
  read(file?: string): Promise<string>;
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  const folder = await Deno.makeTempDir({ prefix: "weir-pull-" });
  const env = { SOURCE_DATABASE_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres` };
  try {
    await server.query(SCHEMA);
    await use({
      server,
      folder,
      pull: (...args) => runWeir(["sources", "pull", "--prefix", "shop", ...args], { cwd: folder, env }),
      read: (file = "sources.ts") => Deno.readTextFile(`${folder}/${file}`),
    });
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const NOWHERE = {
  host: undefined,
  port: undefined,
  database: undefined,
  user: undefined,
  password: undefined,
  sslMode: undefined,
  ca: null,
};

const options = { ignore: !hasPostgres15() };

Deno.test("sources pull writes a file that type-checks and reads the real rows of every type", options, async () => {
  await withPlace(async ({ server, folder, pull, read }) => {
    const said = await pull();
    assertEquals(said.status, 0, said.err);
    const text = await read();
    for (
      const line of [
        '  key: ["big", "second_key"],',
        "/** Every type *\\/ there is. */",
        "    /**\n     * What it costs.\n     * In euros.\n     */\n    exact: numeric(12, 2).nullable(),",
        "    wide: numeric(78, 0).nullable(),",
        "    /** numeric(3, 5): values of more than 38 digits are refused. */\n    odd: numeric().nullable(),",
        "    fee: numeric(10, 2).nullable(),\n    why: numeric(10, 2),",
        "    moment3: timestamptz(3).nullable(),",
        "    one_bit: z.boolean().nullable(),",
        "    code: char(3).nullable(),\n    folded: citext().nullable(),",
        `    feeling: z.enum(["sad", "ok", 'very "happy"']),`,
        "    amounts: z.array(numeric(6, 1)).nullable(),",
        "    // spot: left out, point has no type in Weir",
        "    // lapse: left out, interval has no type in Weir",
        "    // doubled: left out, a generated column is not part of the change stream",
        '    "odd name": z.string().nullable(),',
        'export const otherKinds = debezium("shop.other.kinds", {',
        'export const parted = debezium("shop.public.parted", {',
      ]
    ) assertStringIncludes(text, line);
    assert(!text.includes("parted_2024"), "a partition stands for nothing of its own");
    assertStringIncludes(said.err, "public.keyless: not declared, it has no primary key");
    const path = `${folder}/sources.ts`;
    assertEquals((await deno("check", [path])).err, "");
    assertEquals((await deno("fmt", [path])).err, "Checked 1 file\n");
    const { kinds } = await import(`file://${path}`) as { kinds: Source<never, never> };
    const url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
    const truth = await openPostgresTruth({ ...NOWHERE, url });
    try {
      const rows = [...await truth.rows(kinds.spec)];
      assertEquals(rows.length, 2);
      for (const { after } of rows) kinds.spec.row.parse(JSON.parse(after, exactly));
    } finally {
      await truth.close();
    }
  });
});

/** Integers beyond 2^53 as they stand in the text. */
function exactly(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
    ? BigInt(source!)
    : value;
}

Deno.test(
  "sources pull tells how the file differs, and takes in what nobody has changed by hand",
  options,
  async () => {
    await withPlace(async ({ server, pull, read, folder }) => {
      await pull("--tables", "kinds,unique_one");
      const written = await read();
      const again = await pull("--tables", "kinds,unique_one");
      assertEquals([again.status, again.out.trim()], [0, again.out.trim()]);
      assertStringIncludes(again.out, "sources.ts declares what PostgreSQL");

      const edited = written
        .replace("note: z.string().nullable(),", "note: z.string().max(9).nullable(), // shortened")
        .replace("    plain: z.int().nullable(),\n", "")
        .replace(
          'debezium("shop.public.kinds", {',
          'debezium("shop.public.kinds", {\n  name: "sorts",\n  mask: ["note"],',
        )
        .replace("export const kinds =", "export const sorts =") + '\nexport const few = sorts.pick("exact");\n';
      await Deno.writeTextFile(`${folder}/sources.ts`, edited);
      await server.query(`
      ALTER TABLE kinds ADD added timestamp(3) NOT NULL DEFAULT now(), ALTER small DROP NOT NULL, ALTER note TYPE text,
        DROP truth, ALTER real_one TYPE numeric(5, 1);
      ALTER TYPE mood ADD VALUE 'angry';
      COMMENT ON COLUMN kinds.added IS 'When it came.'`);
      const told = await pull("--tables", "kinds,unique_one,parted");
      assertEquals(told.status, 1, told.err);
      assertEquals(await read(), edited, "nothing is changed unasked");
      for (
        const line of [
          "  kept     public.kinds.plain: was taken out by hand",
          "  kept     public.kinds.note: z.string().max(9).nullable() by hand, the database has z.string().nullable()",
          "  differs  public.kinds.small: now z.int().nullable(), declared is z.int()",
          "  differs  public.kinds.added: new column, timestamp()",
          "  differs  public.parted: new table of 2 columns",
          '  by hand  public.kinds: column "truth" is declared, but the database has no such column any more',
        ]
      ) assertStringIncludes(told.out, line);

      const taken = await pull("--tables", "kinds,unique_one,parted", "--write");
      assertEquals(taken.status, 1, "the column that is gone is left to a person");
      const after = await read();
      const diff = told.out.slice(told.out.indexOf("--- sources.ts"), told.out.indexOf("\n\nTake in "));
      assertEquals(patched(edited, diff), after, "what is written was shown before");
      for (
        const line of [
          "export const sorts = debezium",
          '  name: "sorts",\n  mask: ["note"],',
          "note: z.string().max(9).nullable(), // shortened",
          "    small: z.int().nullable(),",
          "    real_one: numeric(5, 1).nullable(),",
          `    feeling: z.enum(["sad", "ok", 'very "happy"', "angry"]),`,
          "    /**\n     * When it came.\n     * timestamp(3) in the database",
          "    added: timestamp(),",
          "export const few = sorts.pick",
          'export const parted = debezium("shop.public.parted", {',
        ]
      ) assertStringIncludes(after, line);
      assert(!/^\s*plain:/m.test(after), "what was taken out stays out");
      await Deno.writeTextFile(`${folder}/sources.ts`, after.replace("    truth: z.boolean().nullable(),\n", ""));
      const last = await pull("--tables", "kinds,unique_one,parted", "--write");
      assertEquals(last.status, 0, last.out);
    });
  },
);

Deno.test("sources pull changes no column of a file that it has not written", options, async () => {
  await withPlace(async ({ pull, read, folder }) => {
    const mod = new URL("../../../src/mod.ts", import.meta.url).href;
    const own = `import { z } from "zod";
import { debezium } from "${mod}";

const common = { id: z.int() };
const day = { ...common, day: z.int() };
export const parted = debezium("shop.public.parted", { key: ["id", "day"], row: z.object({ ...day }) });
export const other = debezium("shop.other.kinds", {
  key: ["id"],
  row: z.object({
    id: z.number(), // an own choice
  }),
});
export const one = debezium("shop.public.unique_one", {
  key: ["code"],
  row: z.object({
    code: z.string(),
    // spare: of no use
  }),
});
`;
    await Deno.writeTextFile(`${folder}/sources.ts`, own);
    const said = await pull("--tables", "parted,other.kinds,unique_one", "--write");
    assertEquals(said.status, 1, said.err);
    assertStringIncludes(said.out, "other.kinds.id: now z.int(), declared is z.number() (declared by hand");
    assertStringIncludes(said.out, "public.parted: is declared in a way that is not read from here");
    assert(!said.out.includes("spare"), "a comment leaves it out");
    assertEquals(await read(), own);
  });
});

Deno.test("sources pull says what is wrong, and no password", options, async (t) => {
  await withPlace(async ({ server, folder, pull }) => {
    const address = `127.0.0.1:${server.port}/postgres`;
    const of = (url: string, ...args: string[]) =>
      runWeir(["sources", "pull", ...args], { cwd: folder, env: { SOURCE_DATABASE_URL: url } });
    const cases: readonly [name: string, said: () => Promise<Said>, text: string][] = [
      ["nobody listens", () => of("postgres://v:geheim%231@127.0.0.1:1/x"), "Cannot connect to PostgreSQL"],
      ["no such database", () => of(`postgres://visitor:geheim%231@127.0.0.1:${server.port}/none`), "does not exist"],
      ["no such role", () => of(`postgres://nobody:geheim%231@${address}`), 'role "nobody" does not exist'],
      ["no such table", () => pull("--tables", "kindz"), 'Cannot find table "kindz" in database "postgres"'],
      ["no such schema", () => pull("--schema", "none"), 'Cannot find a table in database "postgres", schema "none"'],
      ["no such publication", () => pull("--publication", "p"), 'Cannot find publication "p"'],
      ["no database", () => runWeir(["sources", "pull"], { cwd: folder, env: {} }), "Set SOURCE_DATABASE_URL="],
      ["another word", () => runWeir(["sources", "push"], { cwd: folder, env: {} }), 'Cannot run "sources push"'],
    ];
    for (const [name, run, text] of cases) {
      await t.step(name, async () => {
        const { status, out, err } = await run();
        assert(status !== 0);
        assertStringIncludes(err, text);
        assert(!`${out}${err}`.includes("geheim"), "the password is not shown");
      });
    }
    await t.step("a role that may read nothing is told so, and pulls", async () => {
      const { status, err } = await of(`postgres://visitor:geheim%231@${address}`, "--tables", "kinds");
      assertEquals(status, 0, err);
      assertStringIncludes(err, '"visitor" may not read kinds');
    });
    await t.step("only what the publication has", async () => {
      await Deno.remove(`${folder}/sources.ts`);
      await server.query("CREATE PUBLICATION p FOR TABLE kinds (big, second_key, note), parted");
      assertEquals((await pull()).status, 0);
      const text = await Deno.readTextFile(`${folder}/sources.ts`);
      assertStringIncludes(text, "    // plain: left out, the publication does not have it");
      assertStringIncludes(text, 'debezium("shop.public.parted_2024", {');
    });
  });
});
