import { assertEquals, assertRejects } from "@std/assert";
import { type Chdb, CHDB_VERSION } from "../../src/adapters/embedded_clickhouse/chdb.ts";
import { createProject } from "../../src/cli/new/create_project.ts";
import { projectFiles } from "../../src/cli/new/project_files.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { LIBRARY } from "../../src/record/library.ts";
import { permitted } from "../cli/support.ts";
import type * as chdb from "chdb";

const root = new URL("../../", import.meta.url);
const files = projectFiles({ name: "shop", library: "npm:@weir/weir@^0.1.0", chdb: "3.4.0" });

/** What is used of chdb is there as it is declared. */
type Fits<T, U> = T extends U ? true : false;
const declared: Fits<typeof chdb, Chdb> = true;

Deno.test("the library knows its own name and version, and chdb's", { ignore: !permitted }, async () => {
  const { name, version, imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  assertEquals<unknown>(LIBRARY, { name, version });
  assertEquals([imports.chdb, declared], [`npm:chdb@${CHDB_VERSION}`, true]);
});

Deno.test("a project's sources are those of the store that start makes up", { ignore: !permitted }, async () => {
  const own = await Deno.readTextFile(new URL("topologies/online_store/sources.ts", root));
  const [, ...lines] = files.get("sources.ts")!.split("\n");
  assertEquals(lines.join("\n"), own.replace("../../src/mod.ts", "@weir/weir"));
});

Deno.test("a project has every command as a task", { ignore: !permitted }, async () => {
  const own = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).tasks;
  const { tasks } = JSON.parse(files.get("deno.json")!);
  const commands = Object.entries<string>(own).filter(([, task]) => task.includes("src/main.ts"));
  assertEquals<unknown>(
    Object.entries(tasks).filter(([name]) => name !== "test").sort(),
    commands.map(([name, task]) => [name, task.replace("src/main.ts", "@weir/weir/cli")]).sort(),
  );
});

Deno.test("createProject() overwrites nothing, and needs a package", { ignore: !permitted }, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/shop`);
    await Deno.writeTextFile(`${folder}/shop/sources.ts`, "mine");
    const there = await assertRejects(() => createProject(`${folder}/shop`, "npm:@weir/weir@^0.1.0"), ConfigError);
    assertEquals(there.problems.length, 1, there.message);
    assertEquals([...Deno.readDirSync(`${folder}/shop`)].map(({ name }) => name), ["sources.ts"]);
    const none = await assertRejects(() => createProject(`${folder}/new`), ConfigError);
    assertEquals(none.message.includes("deno task pack"), true, none.message);
    await assertRejects(
      () => createProject(`${folder}/new`, `${folder}/shop`),
      ConfigError,
      "deno task pack",
    );
    await assertRejects(() => createProject(`${folder}/a b`, "npm:@weir/weir@^0.1.0"), UsageError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
