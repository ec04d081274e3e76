import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

/** As a share of what the process grows by. */
const DEVIATION_MAX = 0.15;

const canRun = Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state === "granted";

Deno.test({
  name: "bytes of a table are those by which the process grows",
  ignore: !canRun,
  fn: async () => {
    const path = fileURLToPath(new URL("bytes_of_tables.ts", import.meta.url));
    const args = ["run", "-A", "--no-check", "--v8-flags=--expose-gc", path];
    const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
    assert(success);
    const [, ...cases] = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
    assert(cases.length === 7);
    for (const { name, told, grown } of cases) {
      assert(Math.abs(told - grown) < DEVIATION_MAX * grown, `${name}: ${told} bytes a row told, ${grown} grown`);
    }
  },
});
