import { TableChanges } from "../../src/processor/stateful/table_changes.ts";
import { WriterOrder } from "../../src/record/writer_order.ts";
import { TopicIndex } from "../../src/runtime/delivery/topic_index.ts";
import { TopicFollower } from "../../src/runtime/lifecycle/topic_follower.ts";
import type { Mutant } from "./mutant.ts";
import { method } from "./mutate.ts";

/** Deliberate bugs of tables whose changes are streams. */
export const CHANGES_MUTANTS: readonly Mutant[] = [
  {
    name: "changesLate",
    rule: "what comes late is no change",
    apply: method(WriterOrder, "isLate", () => () => false),
  },
  {
    name: "changesUnsaved",
    rule: "what is late is known behind a crash",
    apply: method(TableChanges, "save", () => () => ({})),
    seedsMax: 1_500,
  },
  {
    name: "changesEqual",
    rule: "what is told already is no change",
    apply: method(TableChanges, "take", (original) =>
      function (input, event) {
        const [told] = this.elements.of(event.key);
        if (told !== undefined) {
          const [epoch, , key] = told.state as readonly [number, number, object];
          this.elements.put(event, { element: { ...told, state: [epoch, -1, key] }, dueUs: null });
        }
        return original.call(this, input, event);
      }),
  },
  {
    name: "changesUnanswered",
    rule: "what comes late is answered with the truth",
    apply: method(TopicFollower, "hear", () => function () {}),
  },
  {
    name: "changesUnread",
    rule: "a start knows what is told",
    apply: method(TopicIndex, "states", () => () => []),
  },
];
