import { assert, assertEquals } from "@std/assert";
import { exists } from "../../src/adapters/local/exists.ts";
import { permitted, startMain, withDirectory } from "../cli/support.ts";
import { blocksOf, ROOT } from "./blocks/pages.ts";

/** How often a table is asked for until it shows what it should. */
const TRIES_MAX = 40;

const text = Deno.readTextFileSync(`${ROOT}docs/quickstart.md`);
const blocks = blocksOf("docs/quickstart.md", text);

function codeOf(language: string): string[] {
  return blocks.filter((block) => block.language === language).map(({ code }) => code.trim());
}

Deno.test({
  name: "docs/quickstart.md: topology, records and commands run as they are written, and show what the page says",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const [, start, written, moved, , another] = codeOf("sh");
      const [topology] = codeOf("ts");
      const [customers, purchases] = codeOf("json");
      await Deno.mkdir(`${directory}/topologies`);
      const code = topology.replace("../src/", `${ROOT}src/`).replace(
        'from "zod"',
        `from "${import.meta.resolve("zod")}"`,
      );
      await Deno.writeTextFile(`${directory}/topologies/quickstart.ts`, code);
      await Deno.writeTextFile(`${directory}/customers.jsonl`, `${customers}\n`);
      await Deno.writeTextFile(`${directory}/purchases.jsonl`, `${purchases}\n`);
      const env = { WEIR_TOPOLOGIES: `${directory}/topologies` };
      const here = (line: string) => line.replaceAll(".quickstart", `${directory}/data`);
      const shell = async (line: string) => {
        const typed = here(line).replace("deno task", `"${Deno.execPath()}" run -A ${ROOT}src/main.ts`);
        const options = { args: ["-c", typed], cwd: directory, env };
        const { code, stdout, stderr } = await new Deno.Command("sh", options).output();
        assertEquals(code, 0, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(stdout);
      };
      const shows = async (query: string, expected: string) => {
        let rows = "";
        for (let tries = 0; tries < TRIES_MAX && rows !== expected; tries++) rows = rowsOf(await shell(query));
        assertEquals(rows, expected);
      };
      const run = startMain([...here(start).split(" ").slice(2), "--port", "0", "--no-check"], env);
      try {
        const [first, second] = codeOf("text");
        const [one, two, query] = written.split("\n");
        for (const line of [one, two]) assert((await shell(line)).includes("records written"));
        // A topology starts when its topics are there.
        await run.event(({ event }) => event === "started" || event === "failed");
        await shows(query, first);
        const [move, again] = moved.split("\n");
        await shell(move);
        await shows(again, second);
      } finally {
        run.child.kill("SIGTERM");
      }
      assertEquals((await run.finished).status, 0);
      // Beside what the steps have made, as the reader has it by then.
      const said = await shell(another);
      const [made] = /topologies\/\w+\.ts/.exec(said) ?? [];
      assert(made !== undefined && made !== "topologies/quickstart.ts" && exists(`${directory}/${made}`), said);
    }),
});

/** The rows of a printed table, their values with one blank between them. */
function rowsOf(printed: string): string {
  return printed.trim().split("\n").slice(2, -2).map((line) => line.trim().split(/ +/).join(" ")).join("\n");
}
