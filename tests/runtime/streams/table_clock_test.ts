import { assertEquals } from "@std/assert";
import { TableClock } from "../../../src/runtime/streams/table_clock.ts";

/** A table two days ahead of this process's clock. */
function tableAndTimer() {
  const state = { tableMs: 5_000_000, elapsedMs: 70, asked: 0 };
  const clock = new TableClock({
    warehouse: { nowMs: () => (state.asked++, Promise.resolve(state.tableMs)) },
    clock: { elapsedMs: () => state.elapsedMs },
  });
  return { state, clock };
}

Deno.test("TableClock.nowMs() is the tables' last answer and the own timer since, or a new answer", async () => {
  const { state, clock } = tableAndTimer();
  assertEquals(clock.knownMs, null);
  assertEquals(await clock.nowMs(), 5_000_000);
  state.elapsedMs += 1_000.5;
  state.tableMs += 999_999;
  assertEquals([clock.knownMs, await clock.nowMs(), state.asked], [5_001_000, 5_001_000, 1]);
  assertEquals([await clock.ask(), clock.knownMs], [5_999_999, 5_999_999]);
  clock.doubt();
  assertEquals(clock.knownMs, null);
  state.tableMs = 4;
  assertEquals([await clock.nowMs(), state.asked], [4, 3]);
});

Deno.test("TableClock asks again after a while, as a timer is not as exact as a clock", async () => {
  const { state, clock } = tableAndTimer();
  await clock.nowMs();
  state.elapsedMs += 300_001;
  assertEquals([clock.knownMs, await clock.nowMs(), state.asked], [null, 5_000_000, 2]);
});
