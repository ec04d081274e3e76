import { SourceReader } from "../../src/runtime/task/source_reader.ts";
import { TopologyCorrections } from "../../src/runtime/lifecycle/topology_corrections.ts";
import { StaleKeys } from "../../src/state/stale_keys.ts";
import type { Mutant } from "./mutant.ts";
import { method } from "./mutate.ts";

/** Deliberate bugs of what becomes of records that are corrected. */
export const CORRECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "overnewer",
    rule: "a correction does not count over what was read of its key since",
    apply: method(StaleKeys, "standing", () => () => "unread"),
  },
  {
    name: "forgetsfirst",
    rule: "of a key that was unread for long a correction counts behind what was corrected before",
    apply: method(StaleKeys, "corrected", (original) =>
      function (key, place) {
        return original.call(this, key, { ...place, offset: place.offset - 1 });
      }),
  },
  {
    name: "onlyunread",
    rule: "a correction counts for whoever could read the record as it lay, too",
    apply: method(StaleKeys, "standing", (original) =>
      function (key, place) {
        const standing = original.call(this, key, place);
        return standing === "passed" ? "outdated" : standing;
      }),
  },
  {
    name: "notbefore",
    rule: "a start takes the corrections of what lies before its snapshot or its standby",
    apply: method(SourceReader, "correctBefore", () => () => []),
  },
  {
    name: "notlive",
    rule: "a correction changes what a task has read already",
    apply: method(SourceReader, "correct", () => () => "outdated"),
  },
  {
    name: "notwaiting",
    rule: "corrections are known before a start evaluates anything",
    apply: method(TopologyCorrections, "start", (original) =>
      function () {
        original.call(this);
        return Promise.resolve();
      }),
  },
];
