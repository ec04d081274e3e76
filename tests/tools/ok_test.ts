import { assert, assertEquals } from "@std/assert";
import { type Check, countsOf, failedOf, lastLine, runChecks, tableOf } from "../../tools/ok.ts";

/** A check that runs this as a program, and one whose tests are counted. */
const program = (name: string, code: string): Check => ({ name, args: ["eval", code], counts: false });
const tests = (code: string): Check => ({ ...program("tests", code), counts: true });

Deno.test("countsOf() reads the last summary of deno test, in colours or without", () => {
  assertEquals(countsOf("ok | 12 passed (3 steps) | 0 failed (2s)\n"), { passed: 12, failed: 0 });
  assertEquals(countsOf("FAILED | 1 passed | 2 failed | 4 ignored (2s)\n"), { passed: 1, failed: 2 });
  const coloured = "\x1b[0m\x1b[32mok\x1b[0m | 7 passed | 0 failed \x1b[0m\x1b[38;5;245m(18ms)\x1b[0m\n";
  assertEquals(countsOf(coloured), { passed: 7, failed: 0 });
  assertEquals(countsOf(`ok | 1 passed | 0 failed (1s)\n${coloured}`), { passed: 7, failed: 0 });
  for (const text of ["", "ok\n", "error: Module not found\n", "says ok | 1 passed | 0 failed\n"]) {
    assertEquals(countsOf(text), null, text);
  }
});

Deno.test("runChecks() runs all checks, whatever fails, and counts the tests", async () => {
  const written: string[] = [];
  const results = await runChecks([
    program("bad", "Deno.exit(3)"),
    tests(`console.log("a test says this\\nFAILED | 4 passed | 2 failed (1s)"); Deno.exit(1)`),
    program("good", "console.log('fine')"),
  ], (bytes) => written.push(new TextDecoder().decode(bytes)));
  const short = results.map(({ name, succeeded, counts }) => ({ name, succeeded, counts }));
  assertEquals(short, [
    { name: "bad", succeeded: false, counts: null },
    { name: "tests", succeeded: false, counts: { passed: 4, failed: 2 } },
    { name: "good", succeeded: true, counts: null },
  ]);
  for (const text of ["a test says this", "fine"]) assert(written.join("").includes(text), text);
  assertEquals(lastLine(results), "4 passed, 3 failed");
});

Deno.test("failedOf() counts a check that ends badly, and tests that nobody has counted", () => {
  const result = { name: "tests", seconds: 1 };
  assertEquals(failedOf({ ...result, succeeded: true, counts: { passed: 5, failed: 0 } }), 0);
  assertEquals(failedOf({ ...result, succeeded: false, counts: { passed: 5, failed: 2 } }), 2);
  assertEquals(failedOf({ ...result, succeeded: false, counts: { passed: 5, failed: 0 } }), 1, "a leak, an exit");
  assertEquals(failedOf({ ...result, succeeded: false, counts: null }), 1, "does not compile");
});

Deno.test("runChecks() takes tests without a summary for failed, even if their program ends well", async () => {
  const results = await runChecks([tests("")], () => {});
  assertEquals(lastLine(results), "0 passed, 1 failed");
});

Deno.test("tableOf() shows each check, its seconds and what it found", () => {
  assertEquals(
    tableOf([
      { name: "format", seconds: 1.25, succeeded: true, counts: null },
      { name: "tests", seconds: 123.4, succeeded: false, counts: { passed: 99, failed: 1 } },
    ]),
    [
      "check   seconds  result",
      "format      1.3  ok",
      "tests     123.4  FAILED: 99 passed, 1 failed",
    ].join("\n"),
  );
});
