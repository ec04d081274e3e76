import { assertEquals, assertThrows } from "@std/assert";
import { loadConfiguration } from "../../../src/cli/config/configuration.ts";
import { refuseTakeOver } from "../../../src/cli/start/refuse_take_over.ts";
import type { Topology } from "../../../src/mod.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { permitted, withDirectory } from "../support.ts";

Deno.test({
  name: "tables are not taken over from a topology that is still there, by its name or that of its file",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/filed.ts`, "");
      const configuration = { ...loadConfiguration(), topologiesDirectory: directory };
      const refuse = (...takeOver: string[]) =>
        refuseTakeOver({ ...configuration, run: { ...configuration.run, takeOver } }, [{ name: "named" } as Topology]);
      refuse();
      refuse("gone");
      const { problems } = assertThrows(() => refuse("filed", "gone", "named"), ConfigError);
      assertEquals(problems.map((problem) => /"(\w+)"/.exec(problem)![1]), ["filed", "named"]);
    }),
});
