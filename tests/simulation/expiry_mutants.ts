import { SnapshotKeeper } from "../../src/runtime/lifecycle/snapshot_keeper.ts";
import { TimeKeeper } from "../../src/runtime/lifecycle/time_keeper.ts";
import { DueTimes } from "../../src/state/due_times.ts";
import type { Mutant } from "./mutant.ts";
import { both, method } from "./mutate.ts";

/** What a start has not evaluated is not evaluated behind it, either: that would mend what these bugs break. */
const notAgain = method(SnapshotKeeper, "catchUp", () => function () {});

/** Deliberate bugs of rows that expire. */
export const EXPIRY_MUTANTS: readonly Mutant[] = [
  {
    name: "duelost",
    rule: "a snapshot says when its entries are due",
    apply: both(
      notAgain,
      method(DueTimes, "load", (original) =>
        function* (from) {
          yield* original.call(this, from) as Generator;
          while (this.size > 0) this.take();
        }),
    ),
  },
  {
    name: "duefirst",
    rule: "a row that changes is due at its new time",
    apply: method(DueTimes, "set", (original) =>
      function (slot, time) {
        if (this.timeOf(slot) === Infinity) original.call(this, slot, time);
      }),
  },
  {
    name: "duesleep",
    rule: "the loop tells the tasks the time, whether or not records come",
    apply: method(TimeKeeper, "tick", () => function () {}),
  },
];
