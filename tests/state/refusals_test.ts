import { assertEquals } from "@std/assert";
import { ProcessorError } from "../../src/record/errors.ts";
import { Refusals } from "../../src/state/refusals.ts";

function open() {
  const told: string[] = [];
  const refusals = new Refusals({
    columns: () => ["id"],
    refused: ({ error, subject, columns }) => told.push(`refused ${error.operator} ${subject} ${columns}`),
    mended: ({ stage, operator, subject }) => told.push(`mended ${stage} ${operator} ${subject}`),
  });
  const refuse = (operator: string, key: number) =>
    refusals.row(new ProcessorError(operator, String(key), { cause: new Error("no") }));
  /** One evaluation, in which these operators refuse. */
  const evaluate = (key: number, operators: readonly string[]) => {
    refusals.begin();
    for (const operator of operators) refuse(operator, key);
    refusals.evaluated(key);
  };
  return { refusals, refuse, evaluate, told: () => told.splice(0) };
}

Deno.test("Refusals tells what a row's next evaluation does not refuse again, with all partners known", () => {
  const { refusals, refuse, evaluate, told } = open();
  evaluate(1, ["a", "b"]);
  evaluate(2, ["a"]);
  assertEquals(told(), ["refused a 1 id", "refused b 1 id", "refused a 2 id"]);
  // A partner is not known.
  refusals.begin();
  refuse("a", 1);
  evaluate(3, []);
  assertEquals(told(), ["refused a 1 id"]);
  evaluate(1, ["a"]);
  assertEquals(told(), ["refused a 1 id", "mended callback b 1"]);
  evaluate(1, []);
  evaluate(1, []);
  assertEquals(told(), ["mended callback a 1"]);
});

Deno.test("Refusals between evaluations belong to no evaluation that follows", () => {
  const { refuse, evaluate, told } = open();
  refuse("a", 1);
  evaluate(1, []);
  assertEquals(told(), ["refused a 1 id", "mended callback a 1"]);
});

Deno.test("Refusals of what is no row of the table are mended by name only", () => {
  const { refusals, evaluate, told } = open();
  const error = new ProcessorError("sink totals", '"a"', { cause: new Error("no") });
  refusals.other(error, { columns: ["team"] });
  refusals.other(error, { columns: ["team"], subject: '"a" in total' });
  assertEquals(told(), ['refused sink totals "a" team', 'refused sink totals "a" in total team']);
  assertEquals([refusals.hasOthers("sink totals"), refusals.hasOthers("sink others")], [true, false]);
  evaluate(1, []);
  refusals.otherMended("sink totals", '"b"');
  refusals.otherMended("sink totals", '"a"');
  refusals.otherMended("sink totals", '"a"');
  assertEquals(told(), ['mended callback sink totals "a"']);
});
