import { assertEquals } from "@std/assert";
import { custom, Decimal, sum } from "../../src/mod.ts";
import { lawProblems } from "../../src/testing/mod.ts";

const AMOUNTS = ["0.10", "0.20", "-3.00", "0.00", "7.77", "0.10", "99.00", "5.01"].map(Decimal.parse);

interface Spent {
  readonly amount: Decimal;
}

const kept = {
  value: ({ amount }: Spent) => amount,
  empty: () => Decimal.zero,
  add: (state: Decimal, amount: Decimal) => state.plus(amount),
  subtract: (state: Decimal, amount: Decimal) => state.minus(amount),
  merge: (a: Decimal, b: Decimal) => a.plus(b),
};

Deno.test("lawProblems() finds nothing wrong with what keeps the laws, or is no fold", () => {
  assertEquals(lawProblems(custom(kept), AMOUNTS), []);
  assertEquals(lawProblems(sum(({ amount }: Spent) => amount), AMOUNTS), []);
});

Deno.test("lawProblems() names the law that is broken", async (t) => {
  const mutable = { rows: 0 };
  const cases: readonly [aggregate: Parameters<typeof lawProblems>[0], problem: string][] = [
    [custom({ ...kept, subtract: (state) => state }), "subtract() must give the state before add()"],
    [custom({ ...kept, add: (_, amount) => amount }), "add() must not depend on the order of values"],
    [custom({ ...kept, merge: (a) => a }), "merge() must give the state of the values of both"],
    [
      custom({
        value: () => 1,
        empty: () => mutable,
        add: (state) => {
          state.rows++;
          return state;
        },
        subtract: (state) => {
          state.rows--;
          return state;
        },
        merge: (a, b) => ({ rows: a.rows + b.rows }),
      }),
      "add() must leave what it is given as it is, and give a new state",
    ],
    [
      custom({
        value: ({ amount }: Spent) => amount,
        empty: () => 0,
        add: (state, amount) => state + Number(`${amount}`),
        subtract: (state, amount) => state - Number(`${amount}`),
        merge: (a, b) => a + b,
      }),
      "subtract() must give the state before add()",
    ],
  ];
  for (const [aggregate, problem] of cases) {
    await t.step(problem, () => {
      const laws = lawProblems(aggregate, AMOUNTS).map((found) => found.split(":")[0]);
      assertEquals(laws.includes(problem), true, laws.join("\n"));
    });
  }
});
