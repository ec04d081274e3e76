import { assert, assertEquals } from "@std/assert";
import { permitted } from "../cli/support.ts";
import { blocksOf, placeOf, ROOT, TESTS_PAGE } from "./blocks/pages.ts";
import { modulesOf } from "./blocks/ts_modules.ts";

Deno.test("docs/testing.md: each of its tests passes as it is written", { ignore: !permitted }, async () => {
  const blocks = blocksOf(TESTS_PAGE, Deno.readTextFileSync(`${ROOT}${TESTS_PAGE}`))
    .filter(({ language }) => language === "ts");
  const tests = blocks.filter(({ code }) => code.includes("Deno.test("));
  assert(tests.length >= 6, `${tests.length} tests`);
  const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  // A folder of the project's, so that its libraries are found.
  const folder = `${ROOT}.data/documentation_tests`;
  await Deno.mkdir(folder, { recursive: true });
  try {
    for (const { block, code } of modulesOf(blocks, exports)) {
      const name = placeOf(block).replaceAll(/\W/g, "_");
      if (tests.includes(block)) await Deno.writeTextFile(`${folder}/${name}_test.ts`, code);
    }
    // The types are checked with those of all other pages.
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", folder],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout);
    assertEquals(code, 0, said + new TextDecoder().decode(stderr));
    assert(said.includes(` ${tests.length} passed`), said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
