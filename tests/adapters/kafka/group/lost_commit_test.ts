import { assertEquals, assertRejects } from "@std/assert";
import { type BrokerChannel, type Cluster, openCluster } from "../../../../src/adapters/kafka/cluster.ts";
import { KafkaMembership } from "../../../../src/adapters/kafka/group/membership.ts";
import { TransactionProducer } from "../../../../src/adapters/kafka/transaction_producer.ts";
import { noMemberNotes } from "../../../../src/adapters/kafka/group/notes.ts";
import { openKafka } from "../../../../src/adapters/kafka/kafka_log.ts";
import type { KafkaJsBroker } from "../../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import { kafkaSettings } from "../../../../src/adapters/kafka/protocol/options.ts";
import { ProductionError } from "../../../../src/record/errors.ts";
import { newTopic, uniqueName } from "../../../ports/log_conformance_support.ts";
import { brokers } from "../real_broker.ts";

type Commit = Parameters<KafkaJsBroker["offsetCommit"]>[0];

/** The cluster, with commits that are taken away before the broker has them while `taking`. */
function losing(cluster: Cluster) {
  const lost: { commit: Commit; nodeId: number }[] = [];
  const state = { taking: false, lost, generations: new Set<number>() };
  const wrap = (broker: KafkaJsBroker, nodeId: number): KafkaJsBroker =>
    new Proxy(broker, {
      get(target, name) {
        if (name === "offsetCommit") {
          return async (commit: Commit) => {
            state.generations.add(commit.groupGenerationId);
            if (!state.taking) return await target.offsetCommit(commit);
            lost.push({ commit, nodeId });
            throw Object.assign(new Error("no answer"), { name: "KafkaJSConnectionClosedError" });
          };
        }
        const value = target[name as keyof KafkaJsBroker];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const wrapped: Cluster = {
    ...cluster,
    openChannel() {
      const channel = cluster.openChannel();
      const call: BrokerChannel["call"] = (nodeId, use) =>
        channel.call(nodeId, (connection) => use({ ...connection, broker: wrap(connection.broker, nodeId) }));
      return { ...channel, call };
    },
  };
  return { cluster: wrapped, state };
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (let turn = 0;; turn++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProductionError) || !error.retriable || turn > 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const needed = brokers.length > 0 ? "" : " (needs a broker: set WEIR_TEST_KAFKA to host:port)";

Deno.test({
  name: `KafkaMembership.advance(): a broker refuses a commit that arrives after its successors${needed}`,
  ignore: brokers.length === 0,
  async fn() {
    const log = openKafka({ brokers, clientId: "weir-test" });
    const topic = await newTopic(log, "late");
    const place = { topic, partition: 0 };
    const settings = kafkaSettings({ brokers, clientId: "weir-test", sessionTimeoutMs: 10_000 });
    const plain = openCluster(settings);
    const { cluster, state } = losing(plain);
    const late = plain.openChannel();
    const options = {
      group: uniqueName("late"),
      tasks: [{ id: "task", partitions: [place] }],
      onAssigned: () => {},
      onFailed: () => {},
    };
    const membership = new KafkaMembership(cluster, {
      notes: noMemberNotes,
      producer: new TransactionProducer(cluster),
    }, options);
    await membership.join();
    const [{ tenure }] = await answered(() => membership.held([place]));
    for (let round = 0; round < 3; round++) {
      const progress = (step: number) => ({ ...place, offset: round * 10 + step, note: `step ${step}` });
      state.taking = true;
      await assertRejects(() => membership.advance(progress(1), tenure), ProductionError);
      state.taking = false;
      await answered(() => membership.advance(progress(1), tenure));
      await answered(() => membership.advance(progress(2), tenure));
      for (const { commit, nodeId } of state.lost.splice(0)) {
        const error = await assertRejects(() => late.call(nodeId, ({ broker }) => broker.offsetCommit(commit))) as
          & Error
          & { type?: string };
        assertEquals(error.type, "ILLEGAL_GENERATION");
      }
      assertEquals(await answered(() => membership.held([place])), [{ ...place, tenure, progress: progress(2) }]);
    }
    assertEquals(state.generations.size, 4, "one more for each commit that was lost");
    await membership.leave();
    await late.close();
    await cluster.close();
    await log.close();
  },
});
