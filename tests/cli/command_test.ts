import { assert, assertEquals, assertThrows } from "@std/assert";
import { flag, readArguments, value } from "../../src/cli/command.ts";
import { dlqCommand } from "../../src/cli/dlq.ts";
import { nearest } from "../../src/record/nearest.ts";
import { readAmount, readChoice, readDuration, readInteger } from "../../src/cli/option_values.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

const declared = {
  name: "start",
  operandCount: [0, 2] as const,
  options: {
    rate: value({ placeholder: "N", expected: "a number", help: "", read: readAmount }),
    duration: value({ placeholder: "TIME", expected: "a duration", help: "", read: readDuration }),
    "no-demo": flag(""),
  },
};

Deno.test("readArguments() reads options in both forms, flags and operands in any order", () => {
  const { operands, options } = readArguments(declared, [
    "sales",
    "--rate=5",
    "--no-demo",
    "--duration",
    "20s",
    "mirror",
  ]);
  assertEquals(operands, ["sales", "mirror"]);
  assertEquals({ ...options }, { rate: 5, duration: 20_000, "no-demo": true });
});

Deno.test("readArguments() leaves out what is not given", () => {
  assertEquals({ ...readArguments(declared, []).options }, { rate: undefined, duration: undefined, "no-demo": false });
});

Deno.test("readArguments() refuses", async (t) => {
  const cases: readonly { args: string[]; says: string[] }[] = [
    { args: ["--rat", "5"], says: ['Did you mean "--rate"'] },
    { args: ["--toString"], says: ['"--toString" as an option'] },
    { args: ["--rate"], says: ["there is none"] },
    { args: ["--rate", "fast"], says: ['current value is "fast"'] },
    { args: ["--rate", "1", "--rate", "2"], says: ["twice"] },
    { args: ["--no-demo=1"], says: ["takes none"] },
    { args: ["a", "b", "c", "d"], says: ['"c", "d"'] },
    { args: ["--x", "--duration", "5", "a", "b", "c"], says: ['"--x"', "a duration", '"c"'] },
  ];
  for (const { args, says } of cases) {
    await t.step(args.join(" "), () => {
      const { problems } = assertThrows(() => readArguments(declared, args), UsageError);
      assertEquals(problems.length, says.length, problems.join("\n"));
      says.forEach((text, index) => assert(problems[index].includes(text), problems[index]));
    });
  }
});

Deno.test("readArguments() joins the values of an option that may be given several times", () => {
  const { options } = dlqCommand;
  const setBy = (...texts: string[]): unknown => {
    const args = ["edit", "17", ...texts.flatMap((text) => ["--set", text])];
    return readArguments({ name: "dlq", options, operandCount: [0, 2] }, args).options.set;
  };
  assertEquals(setBy("name=Ada Lovelace", "status=paid", '{"note":null}'), {
    ...{ name: "Ada Lovelace", status: "paid", note: null },
  });
  assertEquals(setBy("status=new", "status=paid"), { status: "paid" });
  assertEquals(setBy(), undefined);
});

Deno.test("readArguments() takes negative numbers for operands, not for options", () => {
  for (const number of ["-5", "-5.25", "-12,a"]) {
    assertEquals(readArguments(declared, ["a", number, "--duration", "5s"]).operands, ["a", number]);
  }
});

Deno.test("readDuration() takes a number and its unit", () => {
  const cases = {
    "20s": 20_000,
    "500ms": 500,
    "1.5m": 90_000,
    "2h": 7_200_000,
    "20": null,
    "s": null,
    "-1s": null,
    "1d": null,
  };
  for (const [text, ms] of Object.entries(cases)) assertEquals(readDuration(text), ms, text);
});

Deno.test("readInteger(), readAmount() and readChoice() refuse what they should not take", () => {
  for (const text of ["", "1.5", "1e3", "0x1", " ", "9007199254740993", "5"]) {
    assertEquals(readInteger(0, 4)(text), null, text);
  }
  assertEquals(readInteger(0)("1_000"), 1_000);
  for (const text of ["", "-1", "1e3", "Infinity", "NaN"]) assertEquals(readAmount(text), null, text);
  assertEquals([readAmount("0.5"), readChoice("a", "b")("b"), readChoice("a", "b")("c")], [0.5, "b", null]);
});

Deno.test("nearest() finds what was meant, and nothing where nothing is near", () => {
  assertEquals(nearest("strat", ["start", "verify", "new"]), "start");
  assertEquals(nearest("--durration", ["--data", "--duration"]), "--duration");
  assertEquals(nearest("completely", ["start", "verify"]), null);
});
