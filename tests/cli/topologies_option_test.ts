import { assert, assertEquals } from "@std/assert";
import { permitted, startMain, withDirectory } from "./support.ts";

Deno.test(
  "--topologies names the directory of topology files, with or without a slash",
  { ignore: !permitted },
  async () => {
    await withDirectory(async (directory) => {
      const names = ["--topologies", "examples/"];
      const described = await startMain(["describe", "06_word_count", ...names], {}).finished;
      assertEquals(described.status, 0, described.err);
      assert(described.out.includes("word-count") || described.out.includes("word_count"), described.out);
      const missing = await startMain(["describe", "sales", ...names], {}).finished;
      assert(missing.status === 1 && missing.err.includes("there is no examples/sales.ts"), missing.err);
      const none = await startMain(["start", "--data", directory, "--topologies", `${directory}/none`], {}).finished;
      assert(none.status === 1 && none.err.includes("none"), none.err);
    });
  },
);
