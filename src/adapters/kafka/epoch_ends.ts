import type { ReadEpoch } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { epochEndsRequest } from "./protocol/epoch_ends.ts";
import { ErrorCode, errorName, isRetriableCode } from "./protocol/errors.ts";
import { unknownTopic } from "./topics.ts";

/** As `Log.epochEnds`. Of a start many tasks ask, just after the topic's offsets: its leaders are known. */
export function epochEnds(
  { cluster, channel }: { readonly cluster: Cluster; readonly channel: BrokerChannel },
  { topic, epochs }: { readonly topic: string; readonly epochs: readonly ReadEpoch[] },
): Promise<number[]> {
  let known = cluster.known(topic);
  return cluster.persistently(async () => {
    const leaders = (known ?? (await cluster.refresh([topic])).topics.get(topic))?.leaders;
    known = undefined;
    if (leaders === undefined) throw unknownTopic(topic, { retriable: cluster.seen(topic) });
    const ends = new Map<number, number>();
    const byLeader = Map.groupBy(epochs, ({ partition }) => leaders[partition] ?? -1);
    await Promise.all([...byLeader].map(async ([leader, led]) => {
      const answers = await channel.call(leader, (connection) => connection.send(epochEndsRequest(topic, led)));
      for (const { errorCode, partition, endOffset } of answers) {
        if (errorCode !== ErrorCode.none) throw refused({ topic, partition }, errorCode);
        ends.set(partition, endOffset);
      }
    }));
    return epochs.map(({ partition }) => ends.get(partition)!);
  });
}

function refused({ topic, partition }: { readonly topic: string; readonly partition: number }, code: number) {
  const message = `Cannot ask where records of "${topic}" partition ${partition} end by leader epoch: the broker ` +
    `answers ${errorName(code)}`;
  return new ProductionError(message, { retriable: isRetriableCode(code) });
}
