import { assertEquals } from "@std/assert";
import { FAILED, LEFT_OUT, NULL_KEY, OUT, OutcomePatterns, Outcomes, WAITING } from "../../src/processor/outcomes.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "../state/each_seed.ts";

const CODES = [0, OUT, LEFT_OUT, FAILED, NULL_KEY, WAITING];

Deno.test("Outcomes tells how many entries have each outcome at each step, and how many evaluations found it", () => {
  eachSeed(30, (seed) => {
    const choices = choicesOf(seed);
    const steps = choices.of([1, 9, 10, 11, 20, 25]);
    const patterns = new OutcomePatterns(steps);
    const tables = [new SlotTable(), new SlotTable()];
    const tasks = tables.map((keys) => new Outcomes(patterns, keys));
    const now = tables.map(() => new Map<number, number[]>());
    const passed: number[][] = [];
    for (let round = 0; round < 2_000; round++) {
      const task = choices.int(2);
      const key = choices.int(50);
      const keys = tables[task];
      const slot = keys.has(key) ? keys.find(key) : keys.add(key);
      // Mostly what there was before.
      const codes = choices.chance(0.5) && passed.length > 0
        ? choices.of(passed)
        : Array.from({ length: steps }, () => choices.of(CODES));
      tasks[task].words.fill(0);
      codes.forEach((code, step) => tasks[task].put(step, code));
      tasks[task].note(slot);
      passed.push(codes);
      now[task].set(key, codes);
      if (choices.chance(0.2)) {
        keys.remove(slot);
        now[task].delete(key);
      } else if (choices.chance(0.1)) {
        const step = choices.int(steps);
        tasks[task].failedLater(slot, step);
        if (codes[step] === OUT) now[task].set(key, codes.with(step, FAILED));
      }
    }
    for (let step = 0; step < steps; step++) {
      const countOf = (all: readonly number[][]) => CODES.map((code) => all.filter((one) => one[step] === code).length);
      const found = patterns.countsAt(step, (pattern) => patterns.found[pattern]);
      assertEquals(CODES.map((code) => found[code]), countOf(passed));
      tasks.forEach((task, index) => {
        const rows = task.rowsAt(step);
        assertEquals(CODES.map((code) => rows[code]), countOf([...now[index].values()]));
      });
    }
  });
});
