import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { accountNames, openAccounts, runningAccount } from "../../src/cli/embedded_accounts.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { permitted, withDirectory } from "./support.ts";

const ignore = !permitted;

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

Deno.test({
  name: "openAccounts() makes two random passwords that their owner alone can read, and keeps them",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const first = await openAccounts(directory);
      assert(first.writer.password.length >= 40 && first.reader.password.length >= 40);
      assertNotEquals(first.writer.password, first.reader.password);
      const names = accountNames(directory);
      for (const { file } of [names.writer, names.reader]) assertEquals(await modeOf(file), 0o600);
      assertEquals((await Array.fromAsync(Deno.readDir(directory))).length, 2, "no other file is left");
      assertEquals(await openAccounts(directory), first);
      assertEquals(await runningAccount(directory, "reader"), first.reader);
      await withDirectory(async (other) => {
        assertNotEquals((await openAccounts(other)).writer.password, first.writer.password);
      });
    }),
});

Deno.test({
  name: "openAccounts() keeps a password of the user's own, closes a file that others can read, fills an empty one",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const { writer, reader } = accountNames(directory);
      await Deno.writeTextFile(writer.file, "chosen by hand\n", { mode: 0o644 });
      await Deno.writeTextFile(reader.file, "\n");
      const accounts = await openAccounts(directory);
      assertEquals(accounts.writer.password, "chosen by hand");
      assert(accounts.reader.password.length >= 40);
      assertEquals([await modeOf(writer.file), await modeOf(reader.file)], [0o600, 0o600]);
    }),
});

Deno.test({
  name: "runningAccount() says which file it cannot read",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const error = await assertRejects(() => runningAccount(directory, "reader"), ConfigError);
      assertStringIncludes(error.message, accountNames(directory).reader.file);
    }),
});
