import { assert, assertEquals } from "@std/assert";
import { permitted } from "../cli/support.ts";
import * as weir from "../../src/mod.ts";
import { blocksOf, readPages } from "./blocks/pages.ts";

/** Classes of the DSL whose methods are operators. */
const CLASSES = [
  ...["TopologyBuilder", "Source", "KTable", "GlobalKTable", "KGroupedTable", "KStream", "KGroupedStream"],
  ...["WindowedStream", "CogroupedStream", "WindowedCogroup"],
] as const;

/** Methods without an example of their own, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  "GlobalKTable.expireAfter": "rows of a global table cannot expire: it is refused when it is compiled",
  "KGroupedStream.input": "for other classes of the DSL",
};

/** Functions that need no example of their own, and why. */
const FUNCTIONS_WITHOUT: Readonly<Record<string, string>> = {};

const pages = readPages().filter(({ path }) => path.startsWith("docs/operators/"));

/** Where a method's name is a heading below its class's, with an example that calls it, and rows behind that. */
function hasExample(owner: string, method: string): boolean {
  return pages.some(({ path, text }) => {
    const classes = text.split(/^## /m).filter((section) => section.startsWith(`${owner}\n`));
    return classes.flatMap((section) => section.split(/^### /m).slice(1)).some((section) => {
      const [heading] = section.split("\n");
      if (!heading.includes(`\`${method}\``)) return false;
      const blocks = blocksOf(path, section);
      return blocks.some(({ language, code }, at) =>
        language === "ts" && code.includes(`.${method}(`) && blocks[at + 1]?.language === "rows"
      );
    });
  });
}

function methodsOf(owner: (typeof CLASSES)[number]): string[] {
  return Object.getOwnPropertyNames(weir[owner].prototype).filter((name) => name !== "constructor");
}

Deno.test("docs/operators has an example of every operator, with what it shows", { ignore: !permitted }, () => {
  const all = CLASSES.flatMap((owner) => methodsOf(owner).map((method) => ({ owner, method })));
  const missing = all.filter(({ owner, method }) => !hasExample(owner, method)).map(({ owner, method }) =>
    `${owner}.${method}`
  );
  assertEquals(missing.sort(), Object.keys(WITHOUT).sort());
  assert(all.length > 60, `${all.length} operators`);
});

Deno.test(
  "docs/operators, docs/columns.md and docs/json-topics.md call every function that topologies import",
  { ignore: !permitted },
  () => {
    const blocks = readPages().filter(({ path }) => /^docs\/(operators\/|columns|json-topics)/.test(path)).flatMap((
      page,
    ) => page.blocks);
    const code = blocks.filter(({ language }) => language === "ts").map((block) => block.code).join("\n");
    const functions = Object.entries(weir).filter(([name, value]) =>
      typeof value === "function" && /^[a-z]/.test(name)
    );
    const missing = functions.map(([name]) => name).filter((name) =>
      !new RegExp(`\\b${name}(?:<[^>]*>)?\\(`).test(code)
    );
    assertEquals(missing.sort(), Object.keys(FUNCTIONS_WITHOUT).sort());
    assert(functions.length > 40, `${functions.length} functions`);
  },
);
