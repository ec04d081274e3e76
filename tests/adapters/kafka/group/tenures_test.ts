import { assertEquals } from "@std/assert";
import { type Participation, Tenures } from "../../../../src/adapters/kafka/group/tenures.ts";

const [A, B] = [["a"], ["b"]];
const at = (generation: number, tasks: readonly string[], { memberId = "m" } = {}): Participation => ({
  memberId,
  generation,
  tasks,
});

/** Generations in which the member took part, and since when it has task "a" after the last of them. */
const cases: readonly (readonly [string, readonly Participation[], string | undefined])[] = [
  ["begins with the assignment", [at(3, A)], "m/3"],
  ["goes on in the very next generation", [at(3, A), at(4, A), at(5, ["b", "a"])], "m/3"],
  ["is none without the task", [at(3, A), at(4, B)], undefined],
  ["begins again after an assignment without the task, whether or not that was told", [
    ...[at(3, A), at(4, B), at(5, A)],
  ], "m/5"],
  ["begins again after a generation in which the member did not take part", [at(3, A), at(5, A)], "m/5"],
  ["goes on when the same generation is told again", [at(3, A), at(3, A), at(4, A)], "m/3"],
  [
    "begins again under another member id, in the very next generation, too",
    [at(3, A), at(4, A, { memberId: "n" })],
    "n/4",
  ],
  ["begins again in a group that counts from the beginning", [at(3, A), at(1, A)], "m/1"],
  ["begins for a task that is new beside others", [at(3, B), at(4, ["a", "b"])], "m/4"],
];

Deno.test("Tenures: a tenure ...", async (test) => {
  for (const [name, participations, expected] of cases) {
    await test.step(name, () => {
      const tenures = new Tenures();
      for (const participation of participations) tenures.take(participation);
      assertEquals(tenures.of("a"), expected);
    });
  }
});
