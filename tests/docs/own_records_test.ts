import { assert, assertEquals } from "@std/assert";
import { permitted, startMain, withDirectory } from "../cli/support.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The page's code, by language, in its order. */
async function codeOf(page: string): Promise<(language: string) => string[]> {
  const text = await Deno.readTextFile(`${ROOT}${page}`);
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return (language) => blocks.filter((block) => block[1] === language).map((block) => block[2]);
}

/** The code as it runs outside of the project's folders. */
function atHome(code: string, data: string): string {
  return code.replaceAll('from "../src/', `from "${ROOT}src/`).replace(
    'from "zod"',
    `from "${import.meta.resolve("zod")}"`,
  )
    .replaceAll(".mine", data);
}

Deno.test({
  name: "docs/own_records.md: topology, records, commands and script run as they are written",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const code = await codeOf("docs/own_records.md");
      const [topology, script] = code("ts");
      const [start, produce, query] = code("sh")[0].trim().split("\n");
      const data = `${directory}/data`;
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/cities.ts`, atHome(topology, data));
      await Deno.writeTextFile(`${directory}/customers.jsonl`, code("json")[0]);
      await Deno.writeTextFile(`${directory}/script.ts`, atHome(script, data));
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const shell = async (line: string) => {
        const typed = atHome(line, data).replace("deno task", `"${Deno.execPath()}" run -A src/main.ts`)
          .replace("< customers", `< ${directory}/customers`);
        const { code: status, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", typed], cwd: ROOT, env })
          .output();
        const text = new TextDecoder().decode(stdout);
        assertEquals(status, 0, new TextDecoder().decode(stderr));
        return text;
      };
      const shown = async (end: string) => {
        let text = "";
        for (let tries = 0; tries < 40 && !text.includes(end); tries++) text = await shell(query);
        assert(text.includes(end), text);
        return text.split("\n").slice(2, -3).map((line) => line.trim().split(/ +/));
      };
      assert(start.startsWith("deno task start"), start);
      const run = startMain([
        ...start.split(" ").slice(2).map((word) => atHome(word, data)),
        "--port",
        "0",
        "--no-check",
      ], env);
      assert((await shell(produce)).includes("5 records written"));
      await run.event(({ event }) => event === "started" || event === "failed");
      assertEquals(await shown("2 rows"), [["Erlangen", "1"], ["London", "1"]]);
      assertEquals(
        await shell(`"${Deno.execPath()}" run -A --config deno.json ${directory}/script.ts`),
        "2 rows, 1 deletes\n",
      );
      assertEquals(await shown("3 rows"), [["Erlangen", "1"], ["Stockholm", "1"], ["Vienna", "1"]]);
      run.child.kill("SIGTERM");
      assertEquals((await run.finished).status, 0);
    }),
});
