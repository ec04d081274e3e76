import { Channel } from "../../src/runtime/conversation/channel.ts";
import { Conversation } from "../../src/runtime/conversation/conversation.ts";
import { Merge } from "../../src/runtime/conversation/merge.ts";
import { MessageProducer } from "../../src/runtime/delivery/message_producer.ts";
import { Server } from "../../src/runtime/conversation/server.ts";
import { Task } from "../../src/runtime/task/task.ts";
import { TaskHost } from "../../src/runtime/lifecycle/task_host.ts";
import { GlobalReader } from "../../src/runtime/globals/global_reader.ts";
import { CORRECTION_MUTANTS } from "./correction_mutants.ts";
import { EXPIRY_MUTANTS } from "./expiry_mutants.ts";
import { FAILURE_MUTANTS } from "./failure_mutants.ts";
import { KEY_MUTANTS } from "./key_mutants.ts";
import { LIFECYCLE_MUTANTS } from "./lifecycle_mutants.ts";
import { MERGE_MUTANTS } from "./merge_mutants.ts";
import { SHARING_MUTANTS } from "./sharing_mutants.ts";
import { SNAPSHOT_MUTANTS } from "./snapshot_mutants.ts";
import { STANDBY_MUTANTS } from "./standby_mutants.ts";
import { RETENTION_MUTANTS } from "./retention_mutants.ts";
import { STAGE_MUTANTS } from "./stage_mutants.ts";
import { CHANGES_MUTANTS } from "./changes_mutants.ts";
import { TOPIC_MUTANTS } from "./topic_mutants.ts";
import { STREAM_MUTANTS } from "./stream_mutants.ts";
import { APART_MUTANT } from "./transaction_mutants.ts";
import { ShareSink } from "../../src/runtime/outputs/share_sink.ts";
import { SinkOutput } from "../../src/runtime/outputs/sink_output.ts";
import { both, getter, method } from "./mutate.ts";
import type { Mutant } from "./mutant.ts";
import type { Profile } from "./profile.ts";

/** Messages of this type are never sent. */
function unsent(type: string): () => () => void {
  return method(Channel, "send", (original) =>
    function (destination, message) {
      if (message.type !== type) original.call(this, destination, message);
    });
}

/** Records of an inbox that are missing are not noticed. */
const gapsAccepted = method(TaskHost, "take", (original) =>
  function (fetched, sourceMs) {
    const [first] = fetched.records;
    if (fetched.topic !== this.inboxTopic || first === undefined) return original.call(this, fetched, sourceMs);
    for (const record of fetched.records) {
      this.inboxPosition = Math.max(this.inboxPosition, record.offset);
      const one = { ...fetched, fromOffset: this.inboxPosition, records: [record] };
      const trouble = original.call(this, one, sourceMs);
      if (trouble !== null) return trouble;
    }
    return null;
  });

/** An inbox is read from its first record, though HELLOs before the own one are passed over. */
const fromFirst = both(
  method(TaskHost, "listen", (original) =>
    function (reader) {
      if (!this.listening) {
        this.helloOffset = this.inboxPosition;
        this.inboxPosition = -1;
      }
      original.call(this, reader);
    }),
  method(TaskHost, "take", (original) =>
    function (fetched, sourceMs) {
      if (fetched.topic !== this.inboxTopic) return original.call(this, fetched, sourceMs);
      for (const record of fetched.records) {
        if (record.offset < this.helloOffset && String(record.value).startsWith('{"hello"')) continue;
        this.inboxPosition = Math.max(this.inboxPosition, record.offset);
        const one = { ...fetched, fromOffset: this.inboxPosition, records: [record] };
        const trouble = original.call(this, one, sourceMs);
        if (trouble !== null) return trouble;
      }
      return original.call(this, { ...fetched, fromOffset: this.inboxPosition, records: [] }, sourceMs);
    }),
);

/** Bugs that only show in seeds with this, unless they say something more exact themselves. */
function needing(needs: keyof Profile, mutants: readonly Mutant[]): readonly Mutant[] {
  return mutants.map((mutant) => ({ needs, ...mutant }));
}

/** The deliberate bugs: each takes away one rule of `src/DESIGN.md`. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "fromlatest",
    rule: "an inbox is read from the own HELLO, not from its end",
    options: { log: { inboxFromEnd: true } },
  },
  {
    name: "from0",
    rule: "an inbox is read from the own HELLO, not from its beginning",
    options: { log: { inboxFromStart: true } },
    apply: fromFirst,
  },
  {
    name: "noselfhello",
    rule: "a later HELLO in the own inbox restarts the task",
    apply: method(Conversation, "take", (original) =>
      function (value) {
        original.call(this, value);
        return false;
      }),
  },
  { name: "noepoch", rule: "the epoch is the offset of the own HELLO", options: { log: { noEpoch: true } } },
  {
    name: "noinc",
    rule: "messages of lower epochs are dropped",
    apply: method(Channel, "accept", (original) =>
      function (from, epoch, seq) {
        const result = original.call(this, from, epoch, seq);
        return result.fresh ? result : { fresh: true, newEpoch: false };
      }),
    seedsMax: 1500,
  },
  {
    name: "noseq",
    rule: "messages whose seq is not greater are dropped",
    apply: method(Channel, "accept", (original) =>
      function (from, epoch, seq) {
        this.greatest ??= new Map();
        const greatest = this.greatest.get(from) ?? 0;
        this.greatest.set(from, Math.max(greatest, epoch));
        const result = original.call(this, from, epoch, seq);
        return epoch === greatest ? { fresh: true, newEpoch: false } : result;
      }),
    seedsMax: 3000,
  },
  { name: "noorder", rule: "order is kept in each inbox partition", options: { log: { disorder: true } } },
  { name: "losesend", rule: "a message that cannot be delivered restarts the task", options: { log: { lose: true } } },
  {
    name: "losesink",
    rule: "an insert is repeated until it is acknowledged",
    options: { warehouse: { lose: true }, run: { repairAfterMs: 1e9 } },
  },
  { name: "nohello", rule: "a server that starts says HELLO", apply: unsent("hello") },
  {
    name: "noresub",
    rule: "a home answers HELLO by subscribing again",
    apply: method(Conversation, "receive", (original) =>
      function (sender, message) {
        if (message.type !== "hello") original.call(this, sender, message);
      }),
  },
  {
    name: "nosub",
    rule: "a subscription stays",
    apply: method(Server, "subscribe", () => function () {}),
  },
  {
    name: "nodrop+answeronce",
    rule: "a subscription is always answered",
    apply: both(
      method(Server, "forget", () => function () {}),
      method(Server, "answer", (original) =>
        function (home, key, known) {
          this.answered ??= new Set();
          const id = `${home} ${key}`;
          if (this.answered.has(id)) return false;
          this.answered.add(id);
          return original.call(this, home, key, known);
        }),
    ),
  },
  {
    name: "sinkLast",
    rule: "the sink keeps the greatest version",
    options: { warehouse: { lastWins: true }, run: { repairAfterMs: 1e9 } },
  },
  {
    name: "noseqsink",
    rule: "the sink compares seq within an epoch",
    options: { warehouse: { noSeq: true }, run: { repairAfterMs: 1e9 } },
  },
  {
    name: "norepair",
    rule: "a comparison after the start catches what a dead incarnation wrote late",
    options: { run: { repairAfterMs: 1e9 } },
    seedsMax: 1500,
  },
  {
    name: "completeEarly",
    rule: "nothing is deleted and no share is sent before every row is known",
    apply: getter(Task, "ready", function () {
      return this.loaded && !this.complete;
    }),
  },
  {
    name: "unknownIsAbsent",
    rule: "unknown is not absent",
    apply: method(Conversation, "subscribe", (original) =>
      function (lookup, key) {
        original.call(this, lookup, key);
        return null;
      }),
  },
  {
    name: "dunknown",
    rule: "a derived value that is not known yet is not answered",
    apply: method(Server, "owe", () =>
      function (entry) {
        this.tell(entry, null);
      }),
    seedsMax: 1500,
  },
  {
    name: "noload",
    rule: "own rows are loaded to the end before anything is evaluated or answered",
    apply: getter(TaskHost, "caughtUp", () => true),
  },
  {
    name: "noloadG",
    rule: "global tables are loaded to the end before anything is evaluated",
    apply: method(GlobalReader, "reached", () => () => true),
  },
  {
    name: "nobase",
    rule: "a start reads back what the sink shows",
    apply: both(method(SinkOutput, "base", () => function () {}), method(ShareSink, "base", () => function () {})),
  },
  {
    name: "nohelloH",
    rule: "a home that starts says HELLO to its merge tasks, which ask it again",
    apply: method(Conversation, "receive", (original) =>
      function (sender, message) {
        const merges = this.task.merges.some((merge: Merge | null) => merge !== null);
        if (message.type !== "hello" || !merges) original.call(this, sender, message);
      }),
  },
  { name: "mnosub", rule: "a merge task asks its homes for their shares", apply: unsent("collect") },
  { name: "noready", rule: "a merge task waits until all homes are ready", apply: getter(Merge, "ready", () => true) },
  ...MERGE_MUTANTS,
  {
    name: "norange",
    rule: "a position that is gone restarts the task",
    options: { log: { noRange: true }, heat: 3 },
    apply: gapsAccepted,
    seedsMax: 1500,
  },
  {
    name: "inboxcompact",
    rule: "an inbox is never compacted",
    options: { compactInboxes: true, heat: 3 },
    apply: gapsAccepted,
  },
  {
    name: "dropfailed",
    rule: "an append that failed is repeated",
    apply: method(MessageProducer, "enqueue", (original) =>
      function (record) {
        this.counted = (this.counted ?? 0) + 1;
        if (this.counted % 40 !== 0) original.call(this, record);
      }),
  },
  ...LIFECYCLE_MUTANTS,
  ...needing("corrections", CORRECTION_MUTANTS),
  ...needing("expires", EXPIRY_MUTANTS),
  ...needing("keys", KEY_MUTANTS),
  ...FAILURE_MUTANTS,
  ...SHARING_MUTANTS,
  ...needing("snapshots", SNAPSHOT_MUTANTS),
  ...needing("standbys", STANDBY_MUTANTS),
  ...needing("events", STREAM_MUTANTS),
  ...needing("topics", TOPIC_MUTANTS),
  ...needing("once", [APART_MUTANT]),
  ...needing("changes", CHANGES_MUTANTS),
  ...needing("stages", STAGE_MUTANTS),
  ...needing("stages", RETENTION_MUTANTS),
];
