import { assert, assertEquals } from "@std/assert";
import { permitted } from "../cli/support.ts";
import type { Topology } from "../../src/mod.ts";
import { type Block, placeOf, readPages, ROOT, TESTS_PAGE } from "./blocks/pages.ts";
import { type Declared, runRows } from "./blocks/rows.ts";
import { modulesOf } from "./blocks/ts_modules.ts";

const EXCERPT = "excerpt of ";

/** The lines of code without comments, blanks and blank lines. */
function codeLines(code: string): string[] {
  return code.split("\n").map((line) => line.replace(/\s*\/\/.*$/, "").trim()).filter((line) => line !== "");
}

const own = ["ts", "typescript"];
const pages = readPages().filter(({ blocks }) => blocks.length > 0);
const isChecked = ({ language, marker }: Block) =>
  own.includes(language) && !marker?.startsWith(EXCERPT) && !marker?.startsWith("not run: ");

/** A block with a topology, and the block `rows` behind it that says what it shows. */
function rowsBehind(blocks: readonly Block[], block: Block): string {
  const next = blocks[blocks.indexOf(block) + 1];
  return next?.language === "rows" ? next.code : "";
}

Deno.test(
  "Markdown: what is said to be an excerpt of a file is in that file, line by line",
  { ignore: !permitted },
  () => {
    for (const { blocks } of pages) {
      for (const block of blocks.filter(({ marker }) => marker?.startsWith(EXCERPT))) {
        const lines = codeLines(Deno.readTextFileSync(`${ROOT}${block.marker!.slice(EXCERPT.length)}`));
        let at = 0;
        for (const line of codeLines(block.code)) {
          const found = lines.indexOf(line, at);
          assert(found >= 0, `${placeOf(block)}: "${line}" is not there`);
          at = found + 1;
        }
      }
    }
  },
);

Deno.test({
  name: "Markdown: every block of TypeScript compiles, and every topology shows what the rows behind it say",
  ignore: !permitted,
  async fn(t) {
    // Always the same folder: what was checked once is known to be right as long as nobody changes it.
    const folder = `${ROOT}.data/documentation`;
    await Deno.mkdir(folder, { recursive: true });
    try {
      const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
      const files: { readonly path: string; readonly block: Block; readonly rows: string }[] = [];
      for (const { blocks } of pages) {
        for (const { block, code } of modulesOf(blocks.filter(isChecked), exports)) {
          const path = `${folder}/${block.page.replaceAll(/\W/g, "_")}_${block.line}.ts`;
          await Deno.writeTextFile(path, code);
          files.push({ path, block, rows: rowsBehind(blocks, block) });
        }
      }
      await t.step("they compile, in one check", () => checkTypes(files.map(({ path }) => path)));
      for (const { path, block, rows } of files) await runModule(t, { path, block, rows });
      assert(files.length > 10, `${files.length} blocks`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("Markdown: every block of rows stands behind a topology", { ignore: !permitted }, () => {
  for (const { blocks } of pages) {
    const alone = blocks.filter((block, at) => block.language === "rows" && !(at > 0 && isChecked(blocks[at - 1])));
    assertEquals(alone.map(placeOf), []);
  }
});

async function checkTypes(paths: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...paths],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

async function runModule(
  t: Deno.TestContext,
  { path, block, rows }: { readonly path: string; readonly block: Block; readonly rows: string },
): Promise<void> {
  // Its blocks are tests: testing_page_test.ts runs them.
  if (block.page === TESTS_PAGE) return;
  if (!/\btopology\(|\bbuilder\b/.test(block.code)) return;
  await t.step(placeOf(block), async () => {
    const declared: Declared = await import(`file://${path}`);
    const topology = declared.default as Topology | undefined;
    assert(topology !== undefined && Array.isArray(topology.nodes), "it declares a topology");
    await runRows(topology, { declared, rows });
  });
}
