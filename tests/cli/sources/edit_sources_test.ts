import { assertEquals } from "@std/assert";
import { compareSources } from "../../../src/cli/sources/compare_sources.ts";
import { editsOf } from "../../../src/cli/sources/edit_sources.ts";
import { withEdits } from "../../../src/cli/sources/unified_diff.ts";
import type { PulledTable } from "../../../src/cli/sources/pulled_table.ts";
import { readSourceFile } from "../../../src/cli/sources/source_file.ts";

const MOD = new URL("../../../src/mod.ts", import.meta.url).href;

const table: PulledTable = {
  topic: "shop.public.carts",
  title: "public.carts",
  key: ["id"],
  comments: [],
  columns: [
    { name: "id", expression: "int8()", comments: [] },
    { name: "paid", expression: "numeric(9, 2)", comments: ["In euros."] },
  ],
  leftOut: [],
};

/** The file's text after what is safe was taken in; `row`: what stands in `z.object`. */
async function edited(row: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  const text = `import { z } from "zod";
import { debezium, int8 } from "${MOD}";

export const carts = debezium("shop.public.carts", { key: ["id"], row: z.object(${row}) });
`;
  try {
    await Deno.writeTextFile(path, text);
    const file = await readSourceFile(path);
    const baseline = { [table.topic]: { id: "int8()" } };
    const pulled = { from: "here", whole: true, tables: [table], refused: [], notes: [] };
    const { differences } = compareSources(file, { pulled, baseline });
    assertEquals(differences.map(({ safe }) => safe), [true]);
    const after = withEdits(file.text, editsOf(file, { differences, libraries: { mod: MOD, mysql: MOD } }));
    await Deno.writeTextFile(`${path}.after.ts`, after);
    const again = await readSourceFile(`${path}.after.ts`);
    assertEquals(compareSources(again, { pulled, baseline }).differences, []);
    return after.slice(after.indexOf("z.object(") + 9, after.lastIndexOf(") });"));
  } finally {
    await Deno.remove(path);
    await Deno.remove(`${path}.after.ts`).catch(() => {});
  }
}

Deno.test("editsOf() adds a column wherever the last one ends", async (t) => {
  const added = "    /** In euros. */\n    paid: numeric(9, 2),\n";
  const cases: Readonly<Record<string, readonly [row: string, after: string]>> = {
    "on lines of their own": ["{\n    id: int8(),\n  }", `{\n    id: int8(),\n${added}  }`],
    "behind a comment": [
      "{\n    id: int8(), // own\n    // last\n  }",
      `{\n    id: int8(), // own\n    // last\n${added}  }`,
    ],
    "behind a comment before the comma": [
      "{\n    id: int8() /* own, */,\n  }",
      `{\n    id: int8() /* own, */,\n${added}  }`,
    ],
    "without a comma": ["{\n    id: int8() // own\n  }", `{\n    id: int8() // own\n  ,\n${added}  }`],
    "in one line": ["{ id: int8() }", `{ id: int8() ,\n${added}  }`],
  };
  for (const [name, [row, after]] of Object.entries(cases)) {
    await t.step(name, async () => assertEquals(await edited(row), after));
  }
});
