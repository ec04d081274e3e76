import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { writeSource } from "../../../src/cli/new/new_source.ts";
import { readColumns } from "../../../src/cli/new/source_text.ts";
import { checkTypes } from "../../../src/cli/type_check.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { permitted, withDirectory } from "../support.ts";

const LIBRARY = new URL("../../../src/mod.ts", import.meta.url).pathname;
const EVERY = [
  ...["id:int8", "small:int2", "n:int4", "name:text", "code:varchar(5)?", "yes:bool", "amount:numeric(12,2)?"],
  ...["any:numeric", "rate:float8", "day:date", "at:timestamptz(3)", "local_at:timestamp", "t:time?", "uid:uuid?"],
  ...["doc:jsonb?", "bytes:bytea", "word:citext"],
];

Deno.test(
  "writeSource() adds declarations that compile, and whose samples they read",
  { ignore: !permitted },
  async () => {
    await withDirectory(async (directory) => {
      const path = `${directory}/sources.ts`;
      const file = { path, library: LIBRARY };
      const first = await writeSource(
        { table: "order_items", columns: EVERY, topic: "store.public.order_items" },
        file,
      );
      assertEquals(first.source.key, ["id"]);
      const { source } = await writeSource({ table: "payments", columns: ["a:int8", "b:uuid"], key: ["b", "a"] }, file);
      assertEquals([source.topic, source.key], ["store.public.payments", ["b", "a"]]);
      const text = await Deno.readTextFile(path);
      assertEquals([...text.matchAll(/^import /gm)].length, 2);
      const { broken, unchecked } = await checkTypes([path]);
      assertEquals([broken, unchecked], [[], null]);
      const sources = await import(`file://${path}`);
      assertEquals(Object.keys(sources), ["orderItems", "payments"]);
      assertEquals(Object.keys(JSON.parse(first.sample)), EVERY.map((column) => column.split(":")[0]));
      for (const again of [{ table: "payments", topic: "other" }, { table: "paid", topic: "store.public.payments" }]) {
        const refused = await assertRejects(() => writeSource({ columns: ["id:int8"], ...again }, file), ConfigError);
        assertStringIncludes(refused.message, "again: it is in");
      }
      assertEquals(await Deno.readTextFile(path), text);
    });
  },
);

Deno.test(
  "writeSource() calls no declaration by a name that is taken: a word of the language, what the file imports",
  { ignore: !permitted },
  async () => {
    await withDirectory(async (directory) => {
      const file = { path: `${directory}/sources.ts`, library: LIBRARY };
      await Deno.writeTextFile(file.path, `import { clickhouse as house } from "${LIBRARY}";\nhouse;\n`);
      const names: string[] = [];
      for (const table of ["date", "class", "house", "arguments", "z", "a_very_long__name"]) {
        const { source } = await writeSource({ table, columns: ["id:int8", "day:date"] }, file);
        names.push(source.name);
      }
      assertEquals(names, ["dateTable", "classTable", "houseTable", "argumentsTable", "zTable", "aVeryLongName"]);
      const { broken, unchecked } = await checkTypes([file.path]);
      assertEquals([broken, unchecked], [[], null]);
    });
  },
);

Deno.test("readColumns() refuses what is no column or no type, and says what there is", async (t) => {
  const cases: readonly (readonly [columns: string[], said: string])[] = [
    [["id"], "write name:type"],
    [["id:int8", "id:text"], 'column "id" twice'],
    [["id:number"], "there are int2, int4"],
    [["id:text(5)"], "there are int2, int4"],
    [[], "without columns"],
  ];
  for (const [columns, said] of cases) {
    await t.step(said, async () => {
      const refused = await assertRejects(() => Promise.resolve().then(() => readColumns(columns)), UsageError);
      assertStringIncludes(refused.message, said);
    });
  }
});
