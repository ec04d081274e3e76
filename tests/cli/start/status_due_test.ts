import { assertEquals } from "@std/assert";
import { isStatusDue, type StatusMoment } from "../../../src/cli/start/status_due.ts";

function moment(seconds: number, changes: Partial<StatusMoment> = {}): StatusMoment {
  return { uptimeMs: seconds * 1000, loading: false, moving: false, standing: "running", ...changes };
}

const at = { loading: { loading: true, standing: "1 of 2" }, further: { loading: true, standing: "2 of 2" } };

Deno.test("isStatusDue() tells what is new once a minute, and once an hour that nothing is", async (t) => {
  const cases: [name: string, last: StatusMoment | null, now: StatusMoment, due: boolean][] = [
    ["nothing in the first seconds", null, moment(4.9), false],
    ["the first line", null, moment(5), true],
    ["the first line while something loads", null, moment(5, at.loading), true],
    ["traffic, before a minute is over", moment(100), moment(159, { moving: true }), false],
    ["traffic, after a minute", moment(100), moment(160, { moving: true }), true],
    ["a change of state, before a minute is over", moment(100), moment(159, { standing: "waiting" }), false],
    ["a change of state, after a minute", moment(100), moment(160, { standing: "waiting" }), true],
    ["nothing new, after a minute", moment(100), moment(160), false],
    ["nothing new, before an hour is over", moment(100), moment(3_699), false],
    ["nothing new, after an hour", moment(100), moment(3_700), true],
    ["the first change after a long rest", moment(100), moment(2_000, { moving: true }), true],
    ["the end of traffic that the last line told of", moment(100, { moving: true }), moment(160), true],
    ["progress of a start, too soon", moment(5, at.loading), moment(19, at.further), false],
    ["progress of a start", moment(5, at.loading), moment(20, at.further), true],
    ["a start without progress", moment(5, at.loading), moment(3_604, at.loading), false],
    ["traffic while another topology starts", moment(5, at.loading), moment(20, { ...at.loading, moving: true }), true],
    ["a start that takes long, like everything else", moment(590, at.loading), moment(605, at.further), false],
    ["a start that takes long, after a minute", moment(590, at.loading), moment(650, at.further), true],
  ];
  for (const [name, last, now, due] of cases) {
    await t.step(name, () => assertEquals(isStatusDue(now, last), due));
  }
});

Deno.test("isStatusDue() has a limit, however much changes", () => {
  const count = (hours: number, changes: Partial<StatusMoment>) => {
    let last: StatusMoment | null = null;
    let lines = 0;
    for (let second = 0; second < hours * 3_600; second++) {
      const now = moment(second, { moving: true, standing: String(second), ...changes });
      if (!isStatusDue(now, last)) continue;
      last = now;
      lines++;
    }
    return lines;
  };
  assertEquals(count(24, {}), 1_440);
  assertEquals(count(24, { loading: true }), 1_440 + 3 * 10);
});
