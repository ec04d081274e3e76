import { assertEquals } from "@std/assert";
import { writeCommand } from "../../src/cli/write_command.ts";
import { permitted } from "./support.ts";

Deno.test("writeCommand() leaves out the data directory that is the default", () => {
  assertEquals(writeCommand(".data", "DROP TABLE t"), "deno task query --write 'DROP TABLE t'");
});

Deno.test({
  name: "writeCommand() gives the statement to a shell as it is",
  ignore: !permitted,
  async fn() {
    const statement = "ALTER TABLE `a b`.`t` MODIFY COLUMN \"$x\" Enum8('new' = 1, 'it\\'s' = 2)";
    const command = writeCommand("/tmp/d", statement).replace("deno task query", "printf '%s|'");
    const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
    assertEquals(new TextDecoder().decode(stdout), `--data|/tmp/d|--write|${statement}|`);
  },
});
