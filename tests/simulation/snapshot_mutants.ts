import { Conversation } from "../../src/runtime/conversation/conversation.ts";
import { Server } from "../../src/runtime/conversation/server.ts";
import { SnapshotKeeper } from "../../src/runtime/lifecycle/snapshot_keeper.ts";
import { GroupOutput } from "../../src/runtime/outputs/group_output.ts";
import { DigestSum } from "../../src/runtime/outputs/digest_sum.ts";
import { ShownDigests } from "../../src/runtime/outputs/shown_digests.ts";
import type { Task } from "../../src/runtime/task/task.ts";
import { AskedRights, GlobalRights } from "../../src/state/right_store.ts";
import type { Mutant } from "./mutant.ts";
import { both, method } from "./mutate.ts";

/** What a start has not evaluated is not evaluated behind it, either: that would mend what these bugs break. */
const notAgain = method(SnapshotKeeper, "catchUp", () => function () {});

/** Deliberate bugs of starts with snapshots. */
export const SNAPSHOT_MUTANTS: readonly Mutant[] = [
  {
    name: "snaprights",
    rule: "right rows of a snapshot are unknown until they are confirmed",
    apply: both(notAgain, method(AskedRights, "restored", () => function* () {})),
  },
  {
    name: "snapask",
    rule: "whoever serves the right rows of a snapshot is asked whether they are what they were",
    apply: both(notAgain, method(Conversation, "askForAll", () => function () {})),
  },
  {
    name: "snapmark",
    rule: "a server that starts, too, and has said HELLO before, is asked all the same",
    apply: both(notAgain, method(Conversation, "markInbox", () => function () {})),
    seedsMax: 1500,
  },
  {
    name: "snapblocksub",
    rule: "a block subscribes to each of its right rows",
    apply: both(
      notAgain,
      method(Conversation, "receive", (original) =>
        function (sender, message) {
          original.call(this, sender, message);
          if (message.type !== "block") return;
          const server = this.task.servers.find(({ plan }: Server) => plan.name === message.join);
          for (const key of message.keys) server.unsubscribe(sender.partition, key);
        }),
    ),
  },
  {
    name: "snapblockall",
    rule: "the answer to a block excepts what is told by itself",
    apply: both(
      notAgain,
      method(Conversation, "receive", (original) =>
        function (sender, message) {
          original.call(this, sender, message.type === "confirmed" ? { ...message, except: [] } : message);
        }),
    ),
    seedsMax: 1500,
  },
  {
    name: "snapglobals",
    rule: "entries that use a row of a global table that has changed since a snapshot are evaluated",
    apply: both(
      notAgain,
      method(GlobalRights, "restored", (original) =>
        function* () {
          yield* [...original.call(this)].slice(0, 0);
        }),
    ),
  },
  {
    name: "snaptail",
    rule: "what lies behind a snapshot is read",
    apply: both(
      notAgain,
      method(SnapshotKeeper, "restore", (original) =>
        async function (host, offsets, begin) {
          const restored = await original.call(this, host, offsets, begin) as { task: Task } | null;
          if (restored === null) return null;
          const ends = host.topics.map((topic: string) => offsets.get(topic).end[host.partition]);
          return { ...restored, positions: ends };
        }),
    ),
  },
  {
    name: "snapbase",
    rule: "what a snapshot says is shown counts only if ClickHouse says the same",
    options: { run: { repairAfterMs: 1e9 } },
    apply: both(
      notAgain,
      method(ShownDigests, "restored", () => function* () {}),
      method(ShownDigests, "base", () => function () {}),
    ),
  },
  {
    name: "snapepoch",
    rule: "a snapshot is refused if records before its position are others now",
    options: { log: { noLeaderEpochs: true } },
    apply: notAgain,
  },
  {
    name: "snapunasked",
    rule: "a start asks whether ClickHouse shows what a snapshot says",
    options: { run: { repairAfterMs: 1e9 }, warehouse: { noNewer: true } },
    apply: both(notAgain, method(DigestSum, "equals", () => () => true)),
  },
  {
    name: "snapsum",
    rule: "what ClickHouse shows in sum counts only if the snapshot says the same",
    options: { run: { repairAfterMs: 1e9 } },
    apply: both(notAgain, method(DigestSum, "equals", () => () => true)),
  },
  {
    name: "snapnewer",
    rule: "rows above the watermark are told one by one",
    options: { run: { repairAfterMs: 1e9 }, warehouse: { noNewer: true } },
    apply: notAgain,
    seedsMax: 1500,
  },
  {
    name: "snapfold",
    rule: "shares wait for the entries of a snapshot that are evaluated again",
    apply: both(notAgain, method(GroupOutput, "unfold", () => function () {})),
    seedsMax: 1500,
  },
  {
    name: "snaptold",
    rule: "what was told of derived values before a snapshot is forgotten",
    apply: both(notAgain, method(Server, "restored", () => function* () {})),
    seedsMax: 1500,
  },
];
