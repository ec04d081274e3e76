import { ONLY_ROW } from "../../src/processor/only_row.ts";
import { PartsOutput } from "../../src/runtime/outputs/parts_output.ts";
import { method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";

/** Deliberate bugs of tables under keys of their own. */
export const KEY_MUTANTS: readonly Mutant[] = [
  {
    name: "keepparts",
    rule: "a row that is gone takes its parts with it",
    apply: method(PartsOutput, "fold", (original) =>
      function (entry, row) {
        if (row !== null || !this.known) original.call(this, entry, row);
      }),
  },
  {
    name: "lostrival",
    rule: "of several rows of one key the one that is left is there",
    apply: method({ prototype: ONLY_ROW }, "remove", () => () => null),
  },
  {
    name: "norivals",
    rule: "of several rows of one key none is there",
    apply: method({ prototype: ONLY_ROW }, "add", () => (_, value) => value),
  },
];
