import { assertEquals, assertRejects } from "@std/assert";
import { Resting } from "../../../src/cli/start/resting.ts";
import { LimitError } from "../../../src/record/errors.ts";

const { signal } = new AbortController();

Deno.test("Resting is under way until each rest is let go of, once", async () => {
  let held = 0;
  const resting = new Resting({
    hold: () => Promise.resolve((held++, () => void held--)),
    settled: () => Promise.resolve(["one"]),
  });
  assertEquals(resting.under, false);
  const [first, second] = await Promise.all([resting.rest(0, signal), resting.rest(0, signal)]);
  assertEquals([resting.under, held, first.unfinished], [true, 2, ["one"]]);
  first.release();
  first.release();
  assertEquals([resting.under, held], [true, 1]);
  second.release();
  assertEquals([resting.under, held], [false, 0]);
});

Deno.test("Resting is over when a rest fails, while it holds or while it waits", async () => {
  let held = 0;
  const failure = () => Promise.reject(new LimitError("test", "no rest"));
  for (const hold of [failure, () => Promise.resolve((held++, () => void held--))]) {
    const resting = new Resting({ hold, settled: failure });
    await assertRejects(() => resting.rest(0, signal), LimitError);
    assertEquals([resting.under, held], [false, 0]);
  }
});
