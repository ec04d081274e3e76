import { TopicIndex } from "../../src/runtime/delivery/topic_index.ts";
import { TopicFollower } from "../../src/runtime/lifecycle/topic_follower.ts";
import type { Mutant } from "./mutant.ts";
import { method } from "./mutate.ts";

/** Deliberate bugs of tables that are written to topics. */
export const TOPIC_MUTANTS: readonly Mutant[] = [
  {
    name: "topiclate",
    rule: "what somebody writes late is answered with the truth",
    apply: method(TopicFollower, "hear", () => function () {}),
  },
  {
    name: "topicfollow",
    rule: "topics are followed at all, and from before they are read back",
    apply: method(TopicFollower, "expect", () => () => Promise.resolve()),
  },
  {
    name: "topicadded",
    rule: "an index that is asked again reads on",
    apply: method(TopicIndex, "catchUp", (original) =>
      function () {
        return this.states().length > 0 ? Promise.resolve() : original.call(this);
      }),
  },
];
