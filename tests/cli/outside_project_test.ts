import { assertEquals } from "@std/assert";
import { howToAdd } from "../../src/adapters/local/add_package.ts";
import { outsideProblem } from "../../src/cli/outside_project.ts";

const said = (folder: string) =>
  `TypeError: Import "@weir/weir" not a dependency\n  hint: try ...\n    at file://${folder}/sales.ts:1:50`;

Deno.test("outsideProblem() tells of a file outside of the project alone, and of packages alone", () => {
  const problem = outsideProblem(said("/home/elsewhere"), "/home/shop");
  assertEquals(problem?.split(":")[0], 'Cannot import "@weir/weir" from files in /home/elsewhere');
  assertEquals(outsideProblem(said("/home/shop-2"), "/home/shop") === null, false);
  for (const folder of ["/home/shop", "/home/shop/topologies"]) {
    assertEquals(outsideProblem(said(folder), "/home/shop"), null);
  }
  assertEquals(outsideProblem("TS2307 [ERROR]: Cannot find module", "/home/shop"), null);
  assertEquals(outsideProblem(said("/home/elsewhere"), null), null);
});

Deno.test("howToAdd() names Deno where no package.json names this package", () => {
  assertEquals(howToAdd("chdb@3.4.0"), 'deno add npm:chdb@3.4.0, with "nodeModulesDir": "auto" in deno.json');
});
