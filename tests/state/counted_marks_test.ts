import { assertEquals } from "@std/assert";
import { CountedMarks } from "../../src/state/counted_marks.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";

Deno.test("CountedMarks counts the slots of each mark, whatever marks there are and which slots go", () => {
  eachSeed(20, (seed) => {
    const choices = choicesOf(seed);
    const keys = new SlotTable();
    const marks = keys.attach(new CountedMarks());
    const marksMax = choices.of([3, 255, 256, 300, 2 ** 16]);
    const expected = new Map<number, number>();
    for (let step = 0; step < 3_000; step++) {
      const key = choices.int(200);
      const slot = keys.find(key);
      if (slot >= 0 && choices.chance(0.1)) {
        keys.remove(slot);
        expected.delete(key);
        continue;
      }
      const mark = choices.int(marksMax);
      marks.set(slot >= 0 ? slot : keys.add(key), mark);
      expected.set(key, mark);
    }
    for (const [key, mark] of expected) assertEquals(marks.get(keys.find(key)), mark);
    for (let mark = 1; mark < marksMax; mark++) {
      assertEquals(marks.count(mark), [...expected.values()].filter((one) => one === mark).length);
    }
  });
});
