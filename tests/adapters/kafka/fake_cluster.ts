import { ChangedLimits } from "../../../src/adapters/kafka/changed_limits.ts";
import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import type { BrokerConnection } from "../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import { type KafkaOptions, kafkaSettings } from "../../../src/adapters/kafka/protocol/options.ts";

/**
 * A cluster of one broker with one topic, "t". `answer` is given the bytes of a request without its header, and gives
 * those of the response.
 */
export function fakeCluster(
  answer: (request: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  { partitions = 1, ...options }: { readonly partitions?: number } & Partial<KafkaOptions> = {},
): Cluster {
  const leaders = Array.from({ length: partitions }, () => 1);
  const topics = new Map([["t", { name: "t", id: null, leaders }]]);
  const connection = {
    broker: { initProducerId: () => Promise.resolve({ producerId: "1", producerEpoch: 0 }) },
    send: async (request: Parameters<BrokerConnection["send"]>[0]) => {
      const { buf, offset } = await request.request.encode() as { buf: Uint8Array; offset: number };
      return await request.response.decode(await answer(new Uint8Array(buf.subarray(0, offset))));
    },
  } as unknown as BrokerConnection;
  return {
    limits: new ChangedLimits(),
    settings: kafkaSettings({ brokers: ["127.0.0.1:1"], clientId: "test", ...options }),
    openChannel: () => ({
      call: (_, use) => use(connection),
      callAny: (use) => use(connection),
      close: () => Promise.resolve(),
    }),
    refresh: () => Promise.resolve({ topics, refused: new Map(), brokers: new Map(), controllerId: 1 }),
    known: (topic) => topics.get(topic),
    seen: () => true,
    persistently: (attempt) => attempt(),
    close: () => Promise.resolve(),
  };
}
