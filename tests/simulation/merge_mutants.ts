import { Channel } from "../../src/runtime/conversation/channel.ts";
import { Conversation } from "../../src/runtime/conversation/conversation.ts";
import { Merge } from "../../src/runtime/conversation/merge.ts";
import { MergedValues } from "../../src/runtime/conversation/merged_values.ts";
import type { MessageOrigin } from "../../src/runtime/conversation/messages.ts";
import { ShareSender } from "../../src/runtime/conversation/share_sender.ts";
import { method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";

function shareOf(sender: MessageOrigin) {
  return { home: sender.partition, epoch: sender.epoch, seq: sender.seq };
}

/** Deliberate bugs of how a merge task is told what homes have. */
export const MERGE_MUTANTS: readonly Mutant[] = [
  {
    name: "keepold",
    rule: "END drops older shares",
    apply: method(Merge, "end", (original) =>
      function (sender, end) {
        original.call(this, { ...sender, epoch: -1 }, { ...end, since: -1 });
      }),
  },
  {
    name: "nosince",
    rule: "END drops what was sent before the snapshot in the same epoch",
    options: { log: { repeats: 0.3 } },
    apply: method(Merge, "end", (original) =>
      function (sender, end) {
        original.call(this, sender, { ...end, since: -1 });
      }),
    seedsMax: 3000,
  },
  {
    name: "dropOnHello",
    rule: "a merge task keeps a home's shares until the END of its next snapshot",
    apply: method(Conversation, "receive", (original) =>
      function (sender, message) {
        original.call(this, sender, message);
        if (message.type !== "hello") return;
        for (const merge of this.task.merges) {
          if (merge?.ready) merge.end(shareOf(sender), { to: merge.epoch, since: sender.seq });
        }
      }),
  },
  {
    name: "nocollect",
    rule: "a home that is complete answers a merge task that starts at once",
    apply: method(ShareSender, "collect", (original) =>
      function (partition, request) {
        original.call(this, partition, { ...request, complete: false });
      }),
  },
  {
    name: "endany",
    rule: "END counts only for the merge task's epoch in which it was asked for",
    apply: method(Merge, "end", (original) =>
      function (sender, end) {
        original.call(this, sender, { ...end, to: this.epoch });
      }),
    seedsMax: 1500,
  },
  {
    name: "novalueend",
    rule: "an END voids values that were not sent again, as it voids shares",
    apply: method(MergedValues, "takeAway", () => function* () {}),
    seedsMax: 1500,
  },
  {
    name: "novaluegone",
    rule: "a value that no row of a home has any more is told",
    apply: method(Channel, "send", (original) =>
      function (destination, message) {
        if (message.type !== "distinct" || message.held) original.call(this, destination, message);
      }),
  },
];
