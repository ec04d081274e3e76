import { assertEquals } from "@std/assert";
import { TimeLeft, timeLeftText } from "../../../src/cli/start/time_left.ts";

/** What is told at each second of work that becomes less by a rate. */
function told(timeLeft: TimeLeft, { from, rate, seconds }: { from: number; rate: number; seconds: number }) {
  return Array.from({ length: seconds }, (_, second) => timeLeft.look(second * 1000, from - rate * second));
}

Deno.test("TimeLeft tells seconds from the rate so far, and nothing before three of them or below five", () => {
  assertEquals(told(new TimeLeft(), { from: 1_000, rate: 100, seconds: 10 }), [
    null,
    null,
    null,
    7,
    6,
    5,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("TimeLeft goes by the last ten seconds", () => {
  const timeLeft = new TimeLeft();
  told(timeLeft, { from: 100_000, rate: 10, seconds: 30 });
  const left = 100_000 - 10 * 29;
  for (let second = 1; second <= 10; second++) timeLeft.look((29 + second) * 1000, left - 1_000 * second);
  assertEquals(timeLeft.look(40_000, left - 11_000), Math.round((left - 11_000) / 1_000));
});

Deno.test("TimeLeft says nothing of work that stands still or grows, and begins anew when more was found", () => {
  const timeLeft = new TimeLeft();
  for (let second = 0; second < 30; second++) assertEquals(timeLeft.look(second * 1000, 500), null);
  told(timeLeft, { from: 400, rate: 10, seconds: 8 });
  assertEquals(timeLeft.look(8_000, 10_000), null);
  assertEquals(timeLeft.look(10_000, 9_900), null);
  assertEquals(timeLeft.look(12_000, 9_800), 196);
});

Deno.test("TimeLeft forgets the work before a reset", () => {
  const timeLeft = new TimeLeft();
  told(timeLeft, { from: 1_000, rate: 10, seconds: 8 });
  timeLeft.reset();
  assertEquals(timeLeft.look(9_000, 800), null);
});

Deno.test("timeLeftText() rounds to what does not change with every look", () => {
  const texts = [5, 12, 13, 54, 55, 89, 91, 3_560, 3_600, 7_900].map(timeLeftText);
  assertEquals(texts.map((text) => text.slice("about ".length, -" left".length)), [
    "5 s",
    "10 s",
    "15 s",
    "55 s",
    "1 min",
    "1 min",
    "2 min",
    "59 min",
    "1 h",
    "2 h",
  ]);
});
