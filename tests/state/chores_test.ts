import { assertEquals } from "@std/assert";
import { type Chore, Chores } from "../../src/state/chores.ts";

Deno.test("Chores does so many steps at most, one chore after the other", () => {
  const chores = new Chores();
  const done: string[] = [];
  function* chore(name: string, steps: number): Chore {
    for (let step = 1; step <= steps; step++) {
      done.push(`${name}${step}`);
      if (step < steps) yield;
    }
  }
  chores.add(chore("a", 3));
  chores.add(chore("b", 2));
  chores.run(2);
  assertEquals(done.splice(0), ["a1", "a2"]);
  chores.run(2);
  assertEquals([done.splice(0), chores.empty], [["a3", "b1"], false]);
  chores.run(2);
  assertEquals([done.splice(0), chores.empty], [["b2"], true]);
});
