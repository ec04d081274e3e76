import { assert, assertEquals } from "@std/assert";
import { gatherAnswer } from "../../../src/cli/store/gather_answer.ts";
import { gatheredOf, jsonOf, wireOf } from "../../../src/cli/store/gathered_answer.ts";
import { answerLines } from "../../../src/cli/store/store_text.ts";
import { hiding, MASKED, SHOWN } from "../../../src/record/mask.ts";
import { mergeAnswers } from "../../../src/runtime/stores/merge_answers.ts";
import { partsOf } from "../../runtime/stores/store_of.ts";

const store = {
  ...partsOf(["id", "code"], { partitions: 1, here: { 0: [[1, "a"], [2, "b"], [3, "c"]] } }),
  mask: { key: hiding(["code"]), row: SHOWN },
};

const gather = (limit: number) =>
  gatherAnswer({
    ...{ topology: "things", store, query: { limit }, local: false, instance: "here", password: null },
    runner: { others: () => [] },
  });

Deno.test("gatherAnswer() names no key to go on behind where keys are masked, and tells of more", async () => {
  const page = await gather(2);
  const { rows, more, next } = JSON.parse(jsonOf(page));
  assertEquals(rows.map(({ key }: { key: unknown }) => key), [{ id: 1, code: MASKED }, { id: 2, code: MASKED }]);
  assertEquals([more, next], [true, null]);
  const text = answerLines(gatheredOf(wireOf(page)), null).join("\n");
  assert(text.includes("2 rows shown, and there are more behind a key that is masked: raise --limit"), text);
  const whole = JSON.parse(jsonOf(await gather(3)));
  assertEquals([whole.rows.length, whole.more, whole.next], [3, false, null]);
});

Deno.test("mergeAnswers() of pages with masked keys names no key either", async () => {
  const { answer } = await gather(3);
  const other = { ...answer, parts: answer.parts.map((part) => ({ ...part, partition: 1 })) };
  const others = { ...other, rows: answer.rows.map((row) => ({ ...row, partition: 1 })) };
  const merged = mergeAnswers([{ instance: "a", answer }, { instance: "b", answer: others }], 4);
  assertEquals([merged.rows.length, merged.next, merged.cut], [4, null, true]);
});
