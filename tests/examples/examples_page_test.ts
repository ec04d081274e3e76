import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, startMain, withDirectory } from "../cli/support.ts";
import { blocksOf, ROOT } from "../docs/blocks/pages.ts";
import { commandsOf } from "../docs/blocks/shell.ts";

/** How often a table is asked for until it has rows. */
const TRIES_MAX = 60;

const page = "examples/README.md";
const [shown, produced] = blocksOf(page, Deno.readTextFileSync(`${ROOT}${page}`)).map(({ code }) => code);

Deno.test({
  name: "examples/README.md: its commands run as they are written, and what they show equals the store",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const arguments_ = (script: string) =>
        commandsOf(script).filter(([program]) => program === "deno")
          .map((words) => words.slice(2).map((word) => word.replace(/^\.examples$/, `${directory}/data`)));
      const [start, query, verify] = arguments_(shown);
      const [produce] = arguments_(produced);
      const running = startMain([...start, "--port", "0", "--no-check", "--demo-size", "small"], {});
      try {
        const names = start.filter((word) => /^\d\d_/.test(word)).length;
        await running.event(({ event }) => event === "started" || event === "failed");
        let out = "";
        for (let tries = 0; tries < TRIES_MAX && !/electronics|toys|home/.test(out); tries++) {
          out = (await runMain(query)).out;
        }
        assert(/electronics|toys|home/.test(out), out);
        const written = await runMain(produce, {}, { input: '{"id":1,"name":"Ada"}\n' });
        assert(written.out.includes("1 record written"), written.out + written.err);
        assertEquals(names, 4);
      } finally {
        running.child.kill("SIGTERM");
      }
      assertEquals((await running.finished).status, 0);
      const compared = await runMain(verify);
      assertEquals(compared.status, 0, compared.out + compared.err);
    }),
});
