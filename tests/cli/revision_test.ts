import { assertEquals, assertNotEquals } from "@std/assert";
import { revisionOf } from "../../src/cli/revision.ts";
import { permitted, withDirectory } from "./support.ts";

Deno.test(
  "revisionOf() is another one for another text of what is imported, wherever it is",
  { ignore: !permitted },
  () =>
    withDirectory(async (root) => {
      const directory = `${root}/topologies`;
      const [inside, helper] = [`${directory}/sales.ts`, `${root}/helper.ts`];
      await Deno.mkdir(directory);
      await Deno.writeTextFile(inside, "export default 1;\n");
      await Deno.writeTextFile(helper, "export const least = 1;\n");
      const of = async (imported: readonly string[]) => (await revisionOf(directory, imported)).topologies;
      const before = await of([inside, helper]);
      assertEquals(await of([helper, inside]), before);
      assertEquals(await of([inside]), await of([]));
      await Deno.writeTextFile(helper, "export const least = 2;\n");
      assertNotEquals(await of([inside, helper]), before);
      await Deno.remove(helper);
      assertEquals(await of([inside, helper]), await of([]));
    }),
);
