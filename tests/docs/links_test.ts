import { assert, assertEquals } from "@std/assert";
import { permitted } from "../cli/support.ts";
import { anchorsOf, linkProblems, linksOf } from "./blocks/links.ts";
import { readPages } from "./blocks/pages.ts";

Deno.test("Markdown: every link leads to a file and a heading that are there", { ignore: !permitted }, () => {
  const pages = readPages();
  assertEquals(pages.flatMap((page) => linkProblems(page, pages)), []);
  assert(pages.flatMap(({ text }) => linksOf(text)).length > 100, "links were read");
});

Deno.test("docs/README.md and docs/operators/README.md name every page beside them", { ignore: !permitted }, () => {
  const pages = readPages();
  for (const folder of ["docs", "docs/operators"]) {
    const beside = pages.map(({ path }) => path).filter((path) => path.replace(/\/[^/]*$/, "") === folder);
    const index = pages.find(({ path }) => path === `${folder}/README.md`)!;
    const named = linksOf(index.text).map(({ target }) => `${folder}/${target.split("#")[0]}`);
    assertEquals(beside.filter((path) => path !== index.path && !named.includes(path)), [], `${index.path} names them`);
  }
});

Deno.test("linksOf() and anchorsOf() read what is not code", () => {
  const text = "# A `b` (c)\n[x](a.md#b) `[y](no.md)` [z](https://a.b)\n```md\n# No\n[n](no.md)\n```\n## A b c\n";
  assertEquals(linksOf(text), [{ target: "a.md#b", line: 2 }]);
  assertEquals(anchorsOf(`${text}[r]: c.md\n`), ["a-b-c", "a-b-c-1"]);
  assertEquals(linksOf('[r]: c.md\n<img src="d.svg">'), [{ target: "c.md", line: 1 }, { target: "d.svg", line: 2 }]);
});

Deno.test("linkProblems() finds files and headings that are not there", () => {
  const page = (path: string, text: string) => ({ path, text, blocks: [] });
  const pages = [page("docs/a.md", "[1](b.md#b)\n[2](b.md#c)\n[3](../no.md)\n[4](#a)"), page("docs/b.md", "# B\n")];
  assertEquals(linkProblems(pages[0], pages).map((problem) => problem.split(" ")[0]), [
    "docs/a.md:1:",
    "docs/a.md:2:",
    "docs/a.md:3:",
    "docs/a.md:4:",
  ]);
});
