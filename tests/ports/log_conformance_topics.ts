import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { newCompactedTopic, newTopic, numbered, read, textOf, uniqueName } from "./log_conformance_support.ts";

/** Topics: creation, description, offsets. */
export const topicCases: readonly LogCase[] = [
  {
    name: "topics() describes the topics that exist and leaves out the others",
    async run({ log }) {
      const kept = uniqueName("described");
      const compacted = await newCompactedTopic(log, "described");
      await log.createTopic({ name: kept, partitions: 3, cleanup: "delete", retentionMs: 3_600_000 });
      const found = await log.topics([kept, uniqueName("missing"), compacted]);
      assertEquals([...found.keys()].sort(), [kept, compacted].sort());
      const { name, partitions, compacted: isCompacted, deletes, retentionMs } = found.get(kept)!;
      assertEquals({ name, partitions, isCompacted, deletes, retentionMs }, {
        name: kept,
        partitions: 3,
        isCompacted: false,
        deletes: true,
        retentionMs: 3_600_000,
      });
      assertEquals([found.get(compacted)!.compacted, found.get(compacted)!.deletes], [true, false]);
      assert(found.get(compacted)!.deleteRetentionMs > 0);
      const tombstones = {
        name: uniqueName("tombstones"),
        partitions: 1,
        cleanup: "compact",
        retentionMs: -1,
      } as const;
      await log.createTopic({ ...tombstones, deleteRetentionMs: 7_200_000 });
      assertEquals((await log.topics([tombstones.name])).get(tombstones.name)!.deleteRetentionMs, 7_200_000);
    },
  },
  {
    name: "createTopic() leaves an existing topic, its settings and its records as they are",
    async run({ log }) {
      const topic = await newTopic(log, "existing", 2);
      await log.append([{ topic, partition: 1, records: numbered("v", 3) }]);
      await log.createTopic({ name: topic, partitions: 5, cleanup: "compact", retentionMs: 1 });
      const description = (await log.topics([topic])).get(topic)!;
      assertEquals([description.partitions, description.compacted, description.retentionMs], [2, false, -1]);
      const records = await read(log, topic, { partition: 1, count: 3 });
      assertEquals(records.map((record) => textOf(record.value)), ["v0", "v1", "v2"]);
    },
  },
  {
    name: "createTopic() called twice at once creates one topic",
    async run({ log }) {
      const topic = { name: uniqueName("twice"), partitions: 2, cleanup: "delete", retentionMs: -1 } as const;
      await Promise.all([log.createTopic(topic), log.createTopic(topic)]);
      assertEquals((await log.topics([topic.name])).get(topic.name)!.partitions, 2);
    },
  },
  {
    name: "topics() gives another id when a topic was deleted and created again",
    needs: ["topic_id", "delete_topic"],
    async run({ log, deleteTopic }) {
      const topic = await newTopic(log, "recreated");
      await log.append([{ topic, partition: 0, records: numbered("old", 4) }]);
      const before = (await log.topics([topic])).get(topic)!.id;
      assertEquals((await log.topics([topic])).get(topic)!.id, before);
      await deleteTopic!(topic);
      assertEquals((await log.topics([topic])).size, 0);
      await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1 });
      const after = (await log.topics([topic])).get(topic)!.id;
      assert(typeof before === "string" && typeof after === "string");
      assert(before !== after, `the id is ${before} both before and after`);
      assertEquals(await log.offsets(topic), { start: [0], end: [0] });
    },
  },
  {
    name: "offsets() gives start and end of every partition",
    async run({ log }) {
      const topic = await newTopic(log, "offsets", 3);
      assertEquals(await log.offsets(topic), { start: [0, 0, 0], end: [0, 0, 0] });
      await log.append([{ topic, partition: 1, records: numbered("v", 5) }]);
      const { start, end } = await log.offsets(topic);
      assertEquals(start, [0, 0, 0]);
      assertEquals([end[0], end[2]], [0, 0]);
      assert(end[1] >= 5, `the end is ${end[1]}`);
    },
  },
  {
    name: "offsets() refuses an unknown topic",
    async run({ log }) {
      await assertRejects(() => log.offsets(uniqueName("unknown")), ProductionError);
    },
  },
];
