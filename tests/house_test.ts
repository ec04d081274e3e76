import { assert, assertEquals } from "@std/assert";
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { problemsOf } from "./house/compare.ts";
import { EXCEPTIONS } from "./house/exceptions.ts";
import { type Rule, RULES, violationsOf } from "./house/rules.ts";
import { readFacts, type SourceFacts } from "./house/source_facts.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const FOLDERS = ["src", "topologies", "examples", "tools", "tests", "compose", "console"];

async function* readFolder(folder: string): AsyncGenerator<SourceFacts> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules") continue;
    if (entry.isDirectory) yield* readFolder(path);
    else if (/\.tsx?$/.test(path)) yield readFacts(path, await Deno.readTextFile(join(ROOT, path)));
  }
}

Deno.test("house: every file keeps the rules, or is listed in tests/house/exceptions.ts", async (t) => {
  const files: SourceFacts[] = [];
  for (const folder of FOLDERS) for await (const file of readFolder(folder)) files.push(file);
  const [, roleMap] = (await Deno.readTextFile(join(ROOT, "src/DESIGN.md"))).split("\n## Which file does what\n");
  const problems = problemsOf(violationsOf(files, roleMap), EXCEPTIONS);
  for (const [rule, sentence] of Object.entries(RULES) as [Rule, string][]) {
    await t.step(sentence, () => assertEquals(problems.filter((problem) => problem.startsWith(`${rule}: `)), []));
  }
  assert(files.length > 500, "the folders were read");
});

Deno.test("house: every exception has a reason", () => {
  for (const groups of Object.values(EXCEPTIONS)) {
    for (const { reason, names } of groups) assert(reason.split(" ").length >= 4 && names.length > 0, reason);
  }
});
