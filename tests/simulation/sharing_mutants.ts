import { Globals } from "../../src/runtime/globals/globals.ts";
import { SharedTable } from "../../src/runtime/globals/shared_table.ts";
import { SharedRows } from "../../src/state/shared_rows.ts";
import { both, getter, method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";

/** Deliberate bugs of global tables that several topologies of a process have in common. */
export const SHARING_MUTANTS: readonly Mutant[] = [
  {
    name: "toldone",
    rule: "everyone who uses a shared row is told that it changed",
    apply: () => {
      const users = new WeakMap<SharedRows, number>();
      return method(SharedRows, "join", (original) =>
        function (user) {
          const known = users.get(this as unknown as SharedRows) ?? 0;
          users.set(this as unknown as SharedRows, known + 1);
          if (known === 0) original.call(this, user);
        })();
    },
  },
  {
    name: "slotearly",
    rule: "a slot is given back when everyone was told, not before",
    apply: method(Globals, "changed", (original) =>
      function (table, slot) {
        Promise.resolve().then(() => original.call(this, table, slot)).catch(() => {});
      }),
  },
  {
    name: "joinedblind",
    rule: "rows that were there when a topology joined are evaluated",
    apply: both(
      method(Globals, "evaluateJoined", () => () => false),
      getter(Globals, "unevaluated", () => 0),
    ),
  },
  {
    name: "othertopic",
    rule: "a table of a topic that was made again is another one",
    apply: method(SharedTable, "whyUnfit", (original) =>
      function (place) {
        return original.call(this, { ...place, topic: { ...place.topic, id: this.place.topic.id } });
      }),
  },
];
