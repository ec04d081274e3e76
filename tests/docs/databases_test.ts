import { assertEquals } from "@std/assert";
import * as mysql from "../../src/mysql.ts";
import { permitted } from "../cli/support.ts";

const page = new URL("../../docs/databases.md", import.meta.url);
const json = new URL("../../docs/json-topics.md", import.meta.url);

Deno.test("docs/databases.md and json-topics.md have code of the right types", { ignore: !permitted }, async () => {
  const texts = await Promise.all([page, json].map((path) => Deno.readTextFile(path)));
  const blocks = texts.flatMap((text) => [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code));
  assertEquals(blocks.length > 0, true);
  const folder = await Deno.makeTempDir({ dir: new URL("../..", import.meta.url).pathname, suffix: ".tmp" });
  try {
    const files = await Promise.all(blocks.map(async (code, index) => {
      await Deno.writeTextFile(`${folder}/block_${index}.ts`, code);
      return `${folder}/block_${index}.ts`;
    }));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["check", "-q", ...files] }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("docs/databases.md names every type of MySQL", { ignore: !permitted }, async () => {
  const text = await Deno.readTextFile(page);
  const [, section] = text.split("\n## MySQL and MariaDB\n");
  const middle = ["smallint", "mediumint"];
  const missing = Object.keys(mysql).filter((name) => !middle.includes(name) && !section.includes(`\`${name}(`));
  assertEquals(missing, []);
});
