import { assert, assertEquals, assertRejects } from "@std/assert";
import { openProcessNotes } from "../../../src/adapters/local/process_notes.ts";
import { pathsIn } from "../../../src/cli/embedded_directory.ts";
import { KeptEvents } from "../../../src/cli/start/kept_events.ts";
import { withProcessNotes } from "../../../src/cli/start/with_process_notes.ts";
import { permitted, type Running, startMain, withDirectory } from "../support.ts";

const options = { ignore: !permitted };

/** What the instance tells that happened, the newest first. */
async function happened(run: Running): Promise<string[]> {
  const { addresses } = await run.event(({ event }) => event === "listening");
  const { API } = addresses as { readonly API: string };
  const { events } = await (await fetch(`${API}/state?once=true`)).json();
  return events.map(({ kind, sentence }: Record<string, string>) => `${kind}: ${sentence}`);
}

Deno.test(
  "start tells how the process before it on the data directory ended, with a kill and without",
  options,
  () =>
    withDirectory(async (directory) => {
      const begin = () =>
        startMain(["start", "mirror", "--data", directory, "--demo-size", "small", "--port", "0", "--rate", "0"]);
      const ends = async (run: Running) => (await happened(run)).filter((line) => line.startsWith("process ended"));
      const first = begin();
      await first.event(({ event }) => event === "started");
      const lines = await happened(first);
      assertEquals(lines.filter((line) => line.startsWith("process")), [
        `process began: Process ${first.child.pid} began.`,
      ]);
      for (const told of ["tasks moved: mirror was given ", "started: mirror "]) {
        assert(lines.some((line) => line.startsWith(told)), `${told} in ${lines.join("\n")}`);
      }
      first.child.kill("SIGKILL");
      await first.finished;

      const second = begin();
      const [silent] = await ends(second);
      assert(new RegExp(`^process ended: Process ${first.child.pid}, .* ended without a word`).test(silent), silent);
      second.child.kill("SIGTERM");
      await second.finished;

      const third = begin();
      const [clean, before] = await ends(third);
      assert(new RegExp(`^process ended: Process ${second.child.pid}, .* ended cleanly`).test(clean), clean);
      assertEquals(before, silent);
      third.child.kill("SIGTERM");
      await third.finished;
    }),
);

Deno.test(
  "withProcessNotes() notes the error by which a process ends, without what rows hold",
  options,
  () =>
    withDirectory(async (directory) => {
      for (const [consoleRows, sentence] of [[true, "RangeError: 17 of Ada"], [false, "may quote rows"]] as const) {
        const configuration = { dataDirectory: directory, run: { consoleRows } } as never;
        const failing = () => Promise.reject(new RangeError("17 of Ada"));
        await assertRejects(
          () => withProcessNotes({ configuration, events: new KeptEvents(Date.now) }, failing),
          RangeError,
        );
        const notes = openProcessNotes(pathsIn(directory).processes, { pid: 1, nowMs: Date.now() });
        notes.end("cleanly", { sentence: "", nowMs: Date.now() });
        notes.close();
        const { how, sentence: said } = notes.former.findLast(({ pid }) => pid === Deno.pid)!;
        assertEquals([how, said?.includes(sentence)], ["fault", true], said ?? "");
      }
    }),
);
