import { assertEquals } from "@std/assert";
import * as mysql from "../../src/mysql.ts";
import { permitted } from "../cli/support.ts";

const page = new URL("../../docs/databases.md", import.meta.url);

Deno.test("docs/databases.md names every type of MySQL", { ignore: !permitted }, async () => {
  const text = await Deno.readTextFile(page);
  const [, section] = text.split("\n## MySQL and MariaDB\n");
  const middle = ["smallint", "mediumint"];
  const missing = Object.keys(mysql).filter((name) => !middle.includes(name) && !section.includes(`\`${name}(`));
  assertEquals(missing, []);
});
