import type { GroupOptions, Log, Membership, Reader } from "../../ports/log.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { KafkaMembership } from "./group/membership.ts";
import { type KafkaOptions, kafkaSettings } from "./protocol/options.ts";
import { Fetcher } from "./fetcher.ts";
import { KafkaReader } from "./kafka_reader.ts";
import { type MemberNotes, noMemberNotes, openMemberNotes } from "./group/notes.ts";
import { Producer } from "./producer.ts";
import { epochEnds } from "./epoch_ends.ts";
import { alterTopic, createTopic, describeTopics, partitionOffsets } from "./topics.ts";
import { TransactionProducer } from "./transaction_producer.ts";
import { truncate } from "./truncate.ts";

/**
 * The Log port on Kafka (2.4 and later, ZooKeeper or KRaft). Connects at the first use. kafkajs opens the connections
 * and speaks the everyday part of the protocol; metadata, fetching, producing and membership are this adapter's own,
 * each with its reason beside it.
 *
 * While the cluster is away readers and members wait for it; `topics`, `createTopic`, `alterTopic`, `offsets`,
 * `truncateBefore` and `append` reject with a retriable `ProductionError` after their time limits. Wrong credentials
 * and certificates are not retriable.
 * @throws ConfigError with every problem of the options
 */
export function openKafka(options: KafkaOptions): Log {
  const settings = kafkaSettings(options);
  const notes = settings.membersDirectory === undefined ? noMemberNotes : openMemberNotes(settings.membersDirectory);
  const cluster = openCluster(settings);
  const channel = cluster.openChannel();
  const producer = new Producer(cluster);
  const fetcher = new Fetcher(cluster);
  const readers = new Set<KafkaReader>();
  const members = new Set<KafkaMembership>();
  return {
    topics: (names) => describeTopics({ cluster, channel }, names),
    createTopic: (topic) => createTopic({ cluster, channel }, topic),
    alterTopic: (name, changes) => alterTopic({ cluster, channel }, { name, ...changes }),
    offsets: (topic) => partitionOffsets({ cluster, channel }, topic),
    epochEnds: (topic, epochs) => epochEnds({ cluster, channel }, { topic, epochs }),
    truncateBefore: (topic, place) => truncate({ cluster, channel }, { topic, ...place }),
    append: (batches) => producer.append(batches),
    reader: () => openReader(fetcher, readers),
    join: (group) => join(cluster, { group, members, notes }),
    async close() {
      await Promise.all([...readers].map((reader) => reader.close()));
      await fetcher.close();
      await Promise.all([...members].map((membership) => membership.leave()));
      await producer.close();
      await channel.close();
      await cluster.close();
      notes.close();
    },
  };
}

function openReader(fetcher: Fetcher, readers: Set<KafkaReader>): Reader {
  const reader = new KafkaReader(fetcher);
  readers.add(reader);
  return {
    seek: (topic, partition, offset) => reader.seek(topic, partition, offset),
    stop: (topic, partition) => reader.stop(topic, partition),
    pause: (topic, partition) => reader.pause(topic, partition),
    resume: (topic, partition) => reader.resume(topic, partition),
    poll: (waitMs) => reader.poll(waitMs),
    close() {
      readers.delete(reader);
      return reader.close();
    },
  };
}

async function join(
  cluster: Cluster,
  { group, members, notes }: { group: GroupOptions; members: Set<KafkaMembership>; notes: MemberNotes },
): Promise<Membership> {
  const membership = new KafkaMembership(cluster, { notes, producer: new TransactionProducer(cluster) }, group);
  members.add(membership);
  try {
    await membership.join();
  } catch (error) {
    members.delete(membership);
    throw error;
  }
  return {
    commit: (positions) => membership.commit(positions),
    held: (partitions) => membership.held(partitions),
    advance: (progress, tenure) => membership.advance(progress, tenure),
    transact: (progress, transaction) => membership.transact(progress, transaction),
    addresses: () => membership.addresses(),
    leave() {
      members.delete(membership);
      return membership.leave();
    },
  };
}
