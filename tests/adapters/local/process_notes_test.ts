import { assertEquals } from "@std/assert";
import { openProcessNotes } from "../../../src/adapters/local/process_notes.ts";
import { permitted, withDirectory } from "../../cli/support.ts";

const options = { ignore: !permitted };
const MINUTE = 60_000;

Deno.test(
  "openProcessNotes() tells how the processes before ended: by what they said, or without a word",
  options,
  () =>
    withDirectory(async (directory) => {
      await Promise.resolve();
      const first = openProcessNotes(`${directory}/processes`, { pid: 1, nowMs: 0 });
      assertEquals(first.former, []);
      first.beat(5 * MINUTE);
      first.close();

      const second = openProcessNotes(`${directory}/processes`, { pid: 2, nowMs: 6 * MINUTE });
      const silent = { pid: 1, startedMs: 0, endedMs: 5 * MINUTE, how: "silent", sentence: null } as const;
      assertEquals(second.former, [silent]);
      second.end("fault", { sentence: "the disk is full", nowMs: 7 * MINUTE });
      second.end("cleanly", { sentence: "what is said later does not count", nowMs: 8 * MINUTE });
      second.beat(9 * MINUTE);
      second.close();

      const third = openProcessNotes(`${directory}/processes`, { pid: 3, nowMs: 10 * MINUTE });
      const fault = { pid: 2, startedMs: 6 * MINUTE, endedMs: 7 * MINUTE, how: "fault", sentence: "the disk is full" };
      assertEquals(third.former, [silent, { ...fault, how: "fault" }]);
      third.end("cleanly", { sentence: "told to end", nowMs: 11 * MINUTE });
      third.close();
      for (let pid = 4; pid < 20; pid++) {
        openProcessNotes(`${directory}/processes`, { pid, nowMs: pid * 10 * MINUTE }).close();
      }
      const last = openProcessNotes(`${directory}/processes`, { pid: 20, nowMs: 200 * MINUTE });
      assertEquals(last.former.map(({ pid }) => pid), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
      last.close();
    }),
);

Deno.test(
  "openProcessNotes() takes nobody who lives for gone, and half a text for no process",
  options,
  () =>
    withDirectory(async (directory) => {
      const living = openProcessNotes(directory, { pid: 1, nowMs: 1 });
      await Deno.writeTextFile(`${directory}/killed.json`, '{"pid":2,"star');
      const beside = openProcessNotes(directory, { pid: 3, nowMs: 3 });
      assertEquals(beside.former, []);
      beside.close();
      living.close();
    }),
);
