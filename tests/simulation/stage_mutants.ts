import { BatchDelivery } from "../../src/runtime/streams/batch_delivery.ts";
import { Flow } from "../../src/runtime/streams/flow.ts";
import { BatchFacts } from "../../src/runtime/streams/stage_facts.ts";
import { StageCleaner } from "../../src/runtime/streams/stage_cleaner.ts";
import { SourceMarks } from "../../src/runtime/streams/source_marks.ts";
import { StageLog } from "../../src/runtime/streams/stage_log.ts";
import { StoredBundles } from "../../src/runtime/streams/stored_bundles.ts";
import { TimeOrder } from "../../src/runtime/streams/time_order.ts";
import { StreamProcess } from "../../src/processor/stateful/stream_process.ts";
import { KeyedElements } from "../../src/state/keyed_elements.ts";
import { method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";
import { nowUs } from "./processed_events.ts";

/** Deliberate bugs of stages: of events that are counted by group, and of the changelog of what is counted. */
export const STAGE_MUTANTS: readonly Mutant[] = [
  {
    name: "originsForgotten",
    rule: "the last places of the origins are durable with the position",
    apply: method(BatchFacts, "collect", (original) =>
      function (operator, head, options) {
        return original.call(this, operator, { ...head, origins: {} }, options);
      }),
  },
  {
    name: "headFirst",
    needs: "parts",
    rule: "the position is never durable before the groups",
    apply: method(BatchFacts, "parts", (original) =>
      function (options) {
        return original.call(this, options).reverse();
      }),
  },
  {
    name: "sharedNames",
    rule: "keys of the changelog name their owner",
    apply: method(BatchFacts, "parts", (original) =>
      function (options) {
        return original.call(this, { ...options, owner: "all" });
      }),
    seedsMax: 1_500,
  },
  {
    name: "groupsWithoutPosition",
    needs: "parts",
    rule: "a group passes over what is below its own position",
    apply: method(KeyedElements, "positionOf", () => () => 0),
    seedsMax: 1_500,
  },
  {
    name: "neverMuted",
    rule: "what was brought out before is not brought out again",
    apply: method(Flow, "at", (original) =>
      function (batch, place, options = {}) {
        return original.call(this, batch, place, { ...options, muted: false });
      }),
  },
  {
    name: "sentBehindPosition",
    rule: "the position of a stream moves when the events made of it are acknowledged",
    apply: method(BatchDelivery, "deliver", (original) =>
      function (batch) {
        const done = original.call(this, batch);
        if (batch.rowCount > 0) return done;
        done.catch(() => {});
        return Promise.resolve(true);
      }),
  },
  {
    name: "bundlesCutShort",
    rule: "a record of many elements is there until the last of them is gone by the time of the position",
    apply: method(StoredBundles, "takeGone", (original) =>
      function (at) {
        return original.call(this, { ...at, clocksUs: at.clocksUs.map(() => Infinity) });
      }),
  },
  {
    name: "truncatedBefore",
    rule: "inputs are deleted behind what is durable",
    apply: method(StageLog, "write", (original) =>
      async function (facts, to) {
        await this.truncate(to);
        return await original.call(this, facts, to);
      }),
  },
  {
    name: "sideBySide",
    rule: "events wait for those of earlier times of sources that are behind",
    apply: method(TimeOrder, "take", (original) =>
      function (pack, options) {
        return original.call(this, { ...pack, marks: undefined }, options);
      }),
  },
  {
    name: "waitingForgotten",
    rule: "events that wait are read again",
    apply: method(TimeOrder, "takeAgain", () => () => {}),
  },
  {
    name: "oldClaims",
    rule: "what was told before a start, or long ago, is void before events are written",
    apply: method(SourceMarks, "fresh", () => () => Promise.resolve()),
    seedsMax: 1_500,
  },
  {
    name: "clockOfTheMoment",
    rule: "calls by the wall clock are made from records that say what time it is",
    apply: method(StreamProcess, "take", (original) =>
      function (input, event) {
        this.wallClock(nowUs());
        original.call(this, input, event);
      }),
  },
  {
    name: "calledTooEarly",
    rule: "no call by the wall clock is made before its time",
    apply: method(StreamProcess, "wallClock", (original) =>
      function (us) {
        original.call(this, us + 500_000);
      }),
  },
  {
    name: "deletedFirst",
    needs: "cleans",
    rule: "what earlier starts left is deleted when the copies are durable",
    apply: method(StageCleaner, "apply", (original) =>
      function ({ copies, tombstones }) {
        // They come with the next part, if there is one.
        const late = this.late ?? [];
        this.late = copies;
        return original.call(this, { copies: late, tombstones });
      }),
  },
];
