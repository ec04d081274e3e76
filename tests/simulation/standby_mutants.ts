import type { AppendBatch } from "../../src/ports/log.ts";
import { Assignments } from "../../src/runtime/lifecycle/assignments.ts";
import { Standby } from "../../src/runtime/lifecycle/standby.ts";
import { StandbyReading } from "../../src/runtime/lifecycle/standby_reading.ts";
import { both, method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";

/** A reason for which what a standby kept is not taken over counts no more. */
function fitsDespite(reason: RegExp): () => () => void {
  return method(Standby, "whyUnfit", (original) =>
    function (now) {
      const why = original.call(this, now) as string | null;
      return why !== null && reason.test(why) ? null : why;
    });
}

/** Tasks that were taken over by their standby and have not said HELLO since. */
const unsaid = new Set<string>();

/** Deliberate bugs of standbys: the rules of `tests/model/README.md`. */
export const STANDBY_MUTANTS: readonly Mutant[] = [
  {
    name: "standbySilent",
    rule: "a standby is no task: it says no HELLO, evaluates and writes nothing",
    apply: method(Assignments, "assigned", (original) =>
      function (tasks, standbys) {
        original.call(this, [...tasks, ...standbys], []);
      }),
  },
  {
    name: "standbyHello",
    rule: "the task that takes a standby over says HELLO first",
    options: {
      log: {
        silences: ({ records }: AppendBatch) => unsaid.delete(JSON.parse(String(records[0]?.value)).hello),
      },
    },
    apply: () => {
      unsaid.clear();
      return method(StandbyReading, "take", (original) =>
        function (id) {
          const standby = original.call(this, id);
          if (standby !== null) unsaid.add(id);
          return standby;
        })();
    },
  },
  {
    name: "standbyReadsOn",
    rule: "the task that takes a standby over reads on to the end as of its HELLO",
    apply: method(Standby, "whyUnfit", (original) =>
      function (now) {
        const why = original.call(this, now);
        for (const covered of this.covered) covered.position = now.offsets.get(covered.topic).end[this.partition];
        return why;
      }),
  },
  {
    name: "standbyTopicId",
    rule: "a standby checks that its topics are still the same",
    apply: both(fitsDespite(/recreated/), method(Standby, "recreated", () => () => null)),
    seedsMax: 1500,
  },
  {
    name: "standbyFresh",
    rule: "a standby that has not read everything for too long begins anew",
    apply: both(fitsDespite(/older/), method(Standby, "isLate", () => () => false)),
    seedsMax: 1500,
  },
];
