import type { Position } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { ErrorCode, errorName, isRetriableCode, type KafkaJsError } from "./protocol/errors.ts";
import { rangeOf, unknownTopic } from "./topics.ts";

/** As `Log.truncateBefore`. Resolves when all live replicas have deleted the records, or the leader had before. */
export function truncate(
  { cluster, channel }: { readonly cluster: Cluster; readonly channel: BrokerChannel },
  { topic, partition, offset }: Position,
): Promise<void> {
  return cluster.persistently(async () => {
    const leaders = (await cluster.refresh([topic])).topics.get(topic)?.leaders;
    if (leaders === undefined) throw unknownTopic(topic, { retriable: cluster.seen(topic) });
    if (leaders[partition] === undefined) throw unknownPartition({ topic, partition }, leaders.length);
    const { endOffset } = await rangeOf({ cluster, channel }, { topic, partition });
    // A broker refuses offsets behind the end, and takes -1 for it: by then, records could be there that are to stay.
    const start = Math.min(Math.max(offset, 0), endOffset);
    const partitions = [{ partition, offset: String(start) }];
    try {
      await channel.call(
        leaders[partition],
        ({ broker }) => broker.deleteRecords({ topics: [{ topic, partitions }] }),
      );
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      throw refusal({ topic, partition }, code);
    }
  });
}

/** The partition's answer, if the broker gave one. */
function codeOf(error: unknown): number | undefined {
  const { partitions } = error as { readonly partitions?: readonly { readonly error: KafkaJsError }[] };
  return partitions?.[0] === undefined ? undefined : Number(partitions[0].error.code);
}

function unknownPartition({ topic, partition }: Omit<Position, "offset">, partitions: number): ProductionError {
  const message = `Cannot delete records of "${topic}" partition ${partition}: the topic has ${partitions} partitions`;
  return new ProductionError(message, { retriable: false });
}

const remedies: Readonly<Record<number, string>> = {
  [ErrorCode.topicAuthorizationFailed]: "allow this user Delete on the topic",
  [ErrorCode.policyViolation]: "the topic is compacted: only one whose cleanup.policy has delete lets go of records",
};

function refusal({ topic, partition }: Omit<Position, "offset">, code: number): ProductionError {
  const remedy = remedies[code] === undefined ? "" : `; ${remedies[code]}`;
  const message = `Cannot delete records of "${topic}" partition ${partition}: the broker answers ${errorName(code)}`;
  return new ProductionError(`${message}${remedy}`, {
    // An end that went back, with a leader that has less: to be asked for again.
    retriable: isRetriableCode(code) || code === ErrorCode.offsetOutOfRange,
  });
}
