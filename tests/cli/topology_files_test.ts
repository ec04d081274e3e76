import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { loadRunnable, loadTopologies, topologyNames } from "../../src/cli/topology_files.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { permitted, runMain } from "./support.ts";

const MOD = new URL("../../src/mod.ts", import.meta.url).href;
const ZOD = import.meta.resolve("zod");

function good(name: string, table: string): string {
  return `import { clickhouse, debezium, topology } from "${MOD}";
import { z } from "${ZOD}";
const source = debezium("a.b.c", { key: ["id"], row: z.object({ id: z.int() }) });
const sink = clickhouse("${table}", { key: ["id"], columns: { id: "Int64" } });
export default topology("${name}", (builder) => builder.table(source).to(sink));`;
}

async function withFiles(files: Record<string, string>, use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function problemsOf(directory: string, names: string[] = []): Promise<readonly string[]> {
  return (await assertRejects(() => loadTopologies(directory, names), ConfigError)).problems;
}

Deno.test("loadTopologies() imports all files, or those named, with or without directory and ending", {
  ignore: !permitted,
}, async () => {
  await withFiles(
    { "one.ts": good("one", "t1"), "two.ts": good("two", "t2"), "one_test.ts": "throw 1", "note.md": "" },
    async (dir) => {
      assertEquals((await loadTopologies(dir, [])).map(({ topology }) => topology.name), ["one", "two"]);
      assertEquals((await loadTopologies(dir, ["two"])).map(({ topology }) => topology.name), ["two"]);
      assertEquals((await loadTopologies(dir, [`${dir}/two.ts`, "two"])).length, 1);
    },
  );
});

Deno.test("topologyNames() says why it cannot read a directory, and what to do", { ignore: !permitted }, async () => {
  await withFiles({ "one.ts": "" }, async (dir) => {
    const saysOf = (path: string) => assertThrows(() => topologyNames(path), ConfigError).problems[0];
    assertEquals(saysOf(`${dir}/none`), `Cannot read "${dir}/none" as the directory of topologies: there is none`);
    assertEquals(saysOf(`${dir}/one.ts`), `Cannot read "${dir}/one.ts" as the directory of topologies: it is a file`);
    // Whoever has all rights reads everything; tests/package/ does this as the user of a container.
    if (Deno.uid() === 0) return;
    await Deno.mkdir(`${dir}/closed`, { mode: 0 });
    assert(saysOf(`${dir}/closed`).endsWith(`Let others read it: chmod -R a+rX ${dir}/closed`));
  });
});

Deno.test("what an import says has no colours, which logs would keep", { ignore: !permitted }, async () => {
  await withFiles({ "one.ts": 'import "./none.ts"; export default 1;' }, async (dir) => {
    const { status, err } = await runMain(["describe", "--topologies", dir], { NO_COLOR: "" });
    assertEquals([status, err.includes("none.ts"), err.includes("\x1b")], [1, true, false], err);
  });
});

Deno.test("loadTopologies() reports what is wrong with every file at once", { ignore: !permitted }, async () => {
  const files = {
    "good.ts": good("good", "t"),
    "number.ts": "export default 5;",
    "nothing.ts": "export const x = 1;",
    "throws.ts": "throw new RangeError('out of range');",
    "syntax.ts": "export const x = ;",
    "problems.ts": `import { topology } from "${MOD}"; export default topology("Bad!", () => {});`,
  };
  await withFiles(files, async (dir) => {
    const problems = await problemsOf(dir);
    assertEquals(problems.length, 5, problems.join("\n"));
    const says = [
      "current value is number",
      "there is none",
      "RangeError: out of range",
      "syntax.ts",
      "It writes nothing",
    ];
    for (const text of says) {
      assert(problems.some((problem) => problem.includes(text)), `${text} in ${problems.join("\n")}`);
    }
  });
});

Deno.test(
  "loadTopologies() names what is near and what there is when a topology is missing",
  { ignore: !permitted },
  async () => {
    await withFiles({ "sales.ts": good("sales", "t") }, async (dir) => {
      const [problem] = await problemsOf(dir, ["salse"]);
      assert(problem.includes('Did you mean "sales"? There are: sales'), problem);
    });
    const [problem] = await problemsOf("/nowhere/at/all");
    assert(problem.includes("there is none"), problem);
    await withFiles({}, async (dir) => assert((await problemsOf(dir))[0].includes("deno task new")));
  },
);

Deno.test(
  "loadTopologies() refuses two topologies of one name, and two writers of one table",
  { ignore: !permitted },
  async () => {
    await withFiles(
      { "a.ts": good("same", "t1"), "b.ts": good("same", "t2"), "c.ts": good("c", "t2") },
      async (dir) => {
        const problems = await problemsOf(dir);
        assertEquals(problems.length, 2, problems.join("\n"));
        assert(
          problems[0].includes('both are named "same"') && problems[1].includes('table "t2"'),
          problems.join("\n"),
        );
      },
    );
  },
);

/** A topology that adds the events of a topic to a table. */
function adding(name: string, table: string): string {
  return `import { clickhouseAppend, events, topology } from "${MOD}";
import { z } from "${ZOD}";
const source = events("a.b.${name}", { row: z.object({ id: z.int() }) });
const sink = clickhouseAppend("${table}", { columns: { id: "Int64" }, orderBy: ["id"] });
export default topology("${name}", (builder) => builder.stream(source).to(sink));`;
}

Deno.test("loadTopologies() refuses writers of one table of any kind, and a name that another table's rows have", {
  ignore: !permitted,
}, async () => {
  const clashing: Record<string, { readonly texts: readonly [string, string]; readonly says: string }> = {
    "two that add": {
      texts: [adding("one", "raw"), adding("two", "raw")],
      says: 'both write to ClickHouse table "raw"',
    },
    "one that changes and one that adds": {
      texts: [good("one", "raw"), adding("two", "raw")],
      says: 'both write to ClickHouse table "raw"',
    },
    "the name of rows": {
      texts: [adding("one", "raw_rows"), good("two", "raw")],
      says: 'the rows of sink "raw" are in table "raw_rows"',
    },
  };
  for (const [title, { texts, says }] of Object.entries(clashing)) {
    await withFiles({ "one.ts": texts[0], "two.ts": texts[1] }, async (dir) => {
      const problems = await problemsOf(dir);
      assertEquals(problems.length, 1, title);
      for (const part of [says, `${dir}/one.ts`, `${dir}/two.ts`]) assert(problems[0].includes(part), problems[0]);
    });
  }
  await withFiles({ "one.ts": adding("one", "raw"), "two.ts": good("two", "raw_row") }, async (dir) => {
    assertEquals((await loadTopologies(dir, [])).length, 2);
  });
});

Deno.test("loadRunnable() sets apart what cannot run, and both of two that clash", { ignore: !permitted }, async () => {
  const files = {
    "good.ts": good("good", "t"),
    "syntax.ts": "export const x = ;",
    "one.ts": good("one", "shared"),
    "two.ts": good("two", "shared"),
    // Declared well, but no number of partitions can run it.
    "misjoined.ts": `import { clickhouse, debezium, topology } from "${MOD}";
import { z } from "${ZOD}";
const source = (topic) => debezium(topic, { key: ["id"], row: z.object({ id: z.int(), ref: z.int() }) });
const sink = clickhouse("misjoined", { key: ["id"], columns: { id: "Int64" } });
export default topology("misjoined", (builder) =>
  builder.globalTable(source("a.b.c")).leftJoin("d", builder.table(source("a.b.d")), ({ ref }) => ref).to(sink));`,
  };
  await withFiles(files, async (dir) => {
    const { files, broken } = await loadRunnable(dir, []);
    assertEquals(files.map(({ topology }) => topology.name), ["good"]);
    assertEquals(broken.map(({ path }) => path.slice(dir.length + 1)).sort(), [
      "misjoined.ts",
      "one.ts",
      "syntax.ts",
      "two.ts",
    ]);
    for (const { path, problems } of broken) {
      assertEquals([problems.length, problems[0].includes(path)], [1, true], problems.join("\n"));
    }
    // Nothing would be left, and a name that is none is a slip of whoever typed it.
    const none = await loadRunnable(dir, ["one", "two"]);
    assertEquals([none.files, none.broken.length], [[], 2]);
    await assertRejects(() => loadRunnable(dir, ["good", "goood"]), ConfigError, 'Did you mean "good"?');
  });
});
