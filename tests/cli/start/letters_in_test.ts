import { assertEquals, assertNotEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { pathsIn } from "../../../src/cli/embedded_directory.ts";
import { lettersIn } from "../../../src/cli/start/letters_in.ts";
import { permitted, withDirectory } from "../support.ts";

Deno.test(
  "lettersIn() names a data directory alike under all its paths, and others otherwise",
  { ignore: !permitted },
  () =>
    withDirectory(async (directory) => {
      for (const name of ["one", "two"]) {
        await Deno.mkdir(`${directory}/${name}`);
        await openEmbeddedDeadLetters({ path: pathsIn(`${directory}/${name}`).deadLetters }).close();
      }
      await Deno.symlink(`${directory}/one`, `${directory}/same`);
      const [one, two, same] = ["one", "two", "same"].map((name) =>
        lettersIn({ deadLetters: "file", dataDirectory: `${directory}/${name}` })
      );
      assertEquals(one, same);
      assertNotEquals(one, two);
      assertEquals(lettersIn({ deadLetters: "topic", dataDirectory: directory }), "topic");
    }),
);
