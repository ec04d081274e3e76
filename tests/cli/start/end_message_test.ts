import { assertEquals } from "@std/assert";
import { endMessage, type RunEnd } from "../../../src/cli/start/end_message.ts";

const END: RunEnd = { left: [], failed: [], told: false, waitedMs: 120_000, deadLetters: [], data: ".data" };
const LETTERS = [
  { topology: "sales", reason: "callback_threw", letters: 400 },
  { topology: "sales", reason: "callback_threw", letters: 30 },
  { topology: "mirror", reason: "not_json", letters: 5 },
];
const TOLD =
  "435 dead letters of this run (sales callback_threw 430, mirror not_json 5): records and rows that could " +
  "not be processed. List them with: deno task dlq";

Deno.test("endMessage() says that everything is in ClickHouse only when nothing was set aside", () => {
  assertEquals(endMessage(END), "Ended: everything is in ClickHouse, positions are committed");
  assertEquals(
    endMessage({ ...END, deadLetters: LETTERS, data: "/tmp/other" }),
    `Ended: everything is in ClickHouse, positions are committed, but for what dead letters tell of. ${TOLD} ` +
      "--data /tmp/other",
  );
});

Deno.test("endMessage() says after Ctrl-C that nothing is lost", () => {
  const goesOn = "Nothing is lost: the next start goes on where this one stopped";
  assertEquals(endMessage({ ...END, left: null }), `Ended. ${goesOn}`);
  const told = { ...END, told: true, left: ['sales: ClickHouse has not confirmed 310 rows of sink "sales" yet'] };
  assertEquals(endMessage(told), `Ended. ${goesOn} (${told.left[0]})`);
  assertEquals(endMessage({ ...told, deadLetters: LETTERS }), `Ended. ${goesOn} (${told.left[0]}). ${TOLD}`);
  assertEquals(
    endMessage({ ...told, told: false }),
    `Ended, but could not apply everything after up to 120 s: ${told.left[0]}. ${goesOn}`,
  );
});

Deno.test("endMessage() names the topologies that failed, and the dead letters beside them", () => {
  const failed = ["sales failed: a reason", "mirror failed: another"];
  assertEquals(endMessage({ ...END, failed }), `Ended, but not all is well: ${failed.join("; ")}`);
  assertEquals(
    endMessage({ ...END, failed, deadLetters: LETTERS }),
    `Ended, but not all is well: ${failed.join("; ")}. ${TOLD}`,
  );
});
