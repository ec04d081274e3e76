import { Retention } from "../../src/runtime/task/retention.ts";
import type { Mutant } from "./mutant.ts";
import { both, getter, method } from "./mutate.ts";

/** So far ahead, windows are forgotten that no event has come into. */
const AHEAD_US = 300_000_000;
/** More than a retention: as if a session went by when it began, or rather before. */
const SESSION_US = 600_000_000;

/** Deliberate bugs of windows that go by age. The model of retention has more, which take rarer accidents. */
export const RETENTION_MUTANTS: readonly Mutant[] = [
  {
    name: "beyondtaken",
    rule: "a start leaves alone what ClickHouse shows beyond the horizon",
    apply: both(
      method(Retention, "isBeyond", () => () => false),
      method(Retention, "note", () => () => {}),
    ),
    seedsMax: 300,
  },
  {
    name: "horizonahead",
    rule: "the horizon is behind all windows that take events",
    apply: getter(Retention, "dueUs", function () {
      return Math.floor(this.streamTimeUs) + AHEAD_US;
    }),
    seedsMax: 300,
  },
  {
    name: "horizonunread",
    rule: "whoever reads a changelog knows the horizon before anything is missing there",
    apply: method(Retention, "told", (original) =>
      function (time) {
        if (time.kind !== "horizon") original.call(this, time);
      }),
    seedsMax: 300,
  },
  {
    name: "agebystart",
    rule: "a session is kept as long as it changes, however long ago it began",
    apply: method(Retention, "note", (original) =>
      function (entry, ageUs) {
        original.call(this, entry, this.byChange ? ageUs - SESSION_US : ageUs);
      }),
    seedsMax: 300,
  },
  {
    name: "knownleft",
    rule: "what ClickHouse shows of a session that is known is compared, however long ago it began",
    apply: method(Retention, "isForgotten", () =>
      function (_, startUs) {
        return this.isBeyond(startUs);
      }),
    seedsMax: 300,
  },
];
