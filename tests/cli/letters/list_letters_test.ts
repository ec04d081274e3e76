import { assert, assertEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { pathsIn } from "../../../src/cli/embedded_directory.ts";
import { largeOrders } from "../../letters_to.ts";
import { permitted, runMain, withDirectory } from "../support.ts";

const LETTERS = 520;

Deno.test({
  name: "dlq lists and exports more letters than a page has, one after the other",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const letters = openEmbeddedDeadLetters({ path: pathsIn(directory).deadLetters });
      await letters.put(largeOrders(LETTERS));
      letters.close();
      const list = (...args: string[]) => runMain(["dlq", "--data", directory, ...args]);
      const all = await list("--json", "--limit", "1000");
      const ids = all.out.trim().split("\n").map((line) => JSON.parse(line).id as string);
      assertEquals([ids.length, new Set(ids).size], [LETTERS, LETTERS]);
      const most = await list("--full", "--limit", String(LETTERS - 10));
      const lines = most.out.trim().split("\n");
      assertEquals(lines.filter((line) => line.startsWith("  record")).length, LETTERS - 10);
      assert(lines.includes(`${LETTERS - 10} of ${LETTERS} open dead letters`));
      assert(lines.includes(`Older ones with --after ${ids.at(-11)}`), lines.slice(-4).join("\n"));
      const rest = await list("--json", "--limit", "1000", "--after", ids.at(-11)!);
      assertEquals(rest.out.trim().split("\n").map((line) => JSON.parse(line).id), ids.slice(-10));
      const out = `${directory}/letters_test.ts`;
      const exported = await list("export", ...ids, "--out", out);
      assertEquals(exported.status, 0, exported.err);
      assertEquals((await Deno.readTextFile(out)).split("\nDeno.test(").length, LETTERS + 1);
      const again = await list("export", ids[0], "--out", out);
      assertEquals([again.status, again.err.includes("it exists")], [1, true], again.err);
    }),
});
