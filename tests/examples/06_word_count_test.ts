import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { textLines, wordCounts } from "../../examples/06_word_count.ts";

Deno.test("word_count counts each word of each line once, wherever the line lies, also after a restart", async () => {
  await using driver = createTopologyTestDriver(topology, { partitions: 3 });
  const line = (value: string, partition: number) => driver.send(textLines, { value, partition });
  line("To be, or not to be:", 0);
  line("that is the question", 1);
  line("", 2);
  await driver.settle();
  await driver.restart();
  line("Be that as it may ...", 2);
  await driver.settle();
  assertEquals(driver.select(wordCounts).map(({ word, count }) => `${word} ${count}`), [
    "as 1",
    "be 3",
    "is 1",
    "it 1",
    "may 1",
    "not 1",
    "or 1",
    "question 1",
    "that 2",
    "the 1",
    "to 2",
  ]);
});
