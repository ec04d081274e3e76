import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import {
  type BrokerConnection,
  type KafkaJsBroker,
  protocolError,
} from "../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import { truncate } from "../../../src/adapters/kafka/truncate.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { fakeCluster } from "./fake_cluster.ts";

const END = 40;

/** A topic whose records end at {@link END}. Offsets asked for go to `asked`; `code` is the answer. */
function open({ asked = [], code = 0 }: { readonly asked?: string[]; readonly code?: number }) {
  const broker: Partial<KafkaJsBroker> = {
    listOffsets: ({ topics: [{ topic, partitions: [{ partition, timestamp }] }] }) => {
      const offset = timestamp === -1 ? String(END) : "5";
      return Promise.resolve({ responses: [{ topic, partitions: [{ partition, offset }] }] });
    },
    deleteRecords: ({ topics: [{ partitions: [{ partition, offset }] }] }) => {
      asked.push(`${partition}:${offset}`);
      const failed = { partitions: [{ partition, offset, error: protocolError(code) }] };
      return code === 0 ? Promise.resolve() : Promise.reject(Object.assign(new Error("deletion failed"), failed));
    },
  };
  const connection = { broker } as unknown as BrokerConnection;
  const cluster: Cluster = fakeCluster(() => new Uint8Array(), { partitions: 3 });
  return {
    cluster,
    channel: {
      ...cluster.openChannel(),
      call: <T>(_: number, use: (to: BrokerConnection) => Promise<T>) => use(connection),
    },
  };
}

Deno.test("truncate() asks for no offset beyond the end, nor for one that means the end", async () => {
  const asked: string[] = [];
  for (const offset of [7, END + 1, -1]) await truncate(open({ asked }), { topic: "t", partition: 2, offset });
  assertEquals(asked, ["2:7", "2:40", "2:0"]);
});

Deno.test("truncate() says what a refusal means, and whether it may pass", async () => {
  const cases = [
    { code: 29, retriable: false, advice: "allow this user Delete on the topic" },
    { code: 44, retriable: false, advice: "compacted" },
    { code: 6, retriable: true, advice: "notLeader" },
    { code: 1, retriable: true, advice: "offsetOutOfRange" },
  ];
  for (const { code, retriable, advice } of cases) {
    const truncating = () => truncate(open({ code }), { topic: "t", partition: 0, offset: 7 });
    const error = await assertRejects(truncating, ProductionError);
    assertEquals(error.retriable, retriable, error.message);
    assertStringIncludes(error.message, advice);
  }
});

Deno.test("truncate() refuses a partition that the topic does not have", async () => {
  const asked: string[] = [];
  for (const partition of [3, -1]) {
    const truncating = () => truncate(open({ asked }), { topic: "t", partition, offset: 7 });
    const error = await assertRejects(truncating, ProductionError, "the topic has 3 partitions");
    assertEquals(error.retriable, false);
  }
  assertEquals(asked, []);
});
