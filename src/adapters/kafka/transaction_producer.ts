import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { encodeRecordBatch, recordBytes } from "./protocol/encoder.ts";
import { ErrorCode } from "./protocol/errors.ts";
import { produceRequest } from "./protocol/produce.ts";
import type { TransactionalWriter } from "./protocol/transactions.ts";
import { cut, refusal, unknownPartition } from "./producer_lane.ts";
import { unknownTopic } from "./topics.ts";

const REQUEST_BYTES_MAX = 8_000_000;

/** Records of a partition that are not sent yet, in the parts in which they are. */
interface Sending {
  readonly topic: string;
  readonly partition: number;
  readonly parts: NewRecord[][];
  /** Number of the next record in what this epoch has written to the partition. */
  sequence: number;
}

/** One part of each of some partitions. */
interface Part {
  readonly sending: Sending;
  readonly batch: Uint8Array;
  readonly records: readonly NewRecord[];
}

/**
 * Writes the records of transactions. Unlike `Producer` it sends nothing twice: what fails ends the transaction, and is
 * written anew in one of the next epoch, whose records have numbers of their own.
 */
export class TransactionProducer {
  readonly #cluster: Cluster;
  readonly #channel: BrokerChannel;
  /** By writer: how many records its epoch has written, by partition. */
  readonly #written = new WeakMap<TransactionalWriter, Map<string, number>>();
  /** Of a batch of a topic that takes less than is usual. */
  readonly #bytesMax = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#channel = cluster.openChannel();
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  /**
   * Resolves when all are acknowledged.
   * @throws ProductionError, of reason "too_large" if a single record is; else whatever the connection fails with
   */
  async append(writer: TransactionalWriter, batches: readonly AppendBatch[]): Promise<void> {
    const written = this.#written.get(writer) ?? new Map<string, number>();
    this.#written.set(writer, written);
    const waiting = batches.map(({ topic, partition, records }): Sending => ({
      ...{ topic, partition, sequence: written.get(`${topic}/${partition}`) ?? 0 },
      parts: cut(records, this.#bytesMax.get(topic) ?? this.#cluster.settings.batchBytesMax)
        .map((part) => [...part.records]),
    }));
    const topics = [...new Set(waiting.map(({ topic }) => topic))];
    if (topics.some((topic) => this.#cluster.known(topic) === undefined)) await this.#cluster.refresh(topics);
    try {
      while (waiting.some(({ parts }) => parts.length > 0)) {
        const ready = waiting.filter(({ parts }) => parts.length > 0);
        await all(
          [...Map.groupBy(ready, (one) => this.#leaderOf(one))].map(([node, led]) => this.#send(node, { led, writer })),
        );
      }
    } catch (error) {
      // Another broker may lead by now. That it cannot be asked is told by the next try.
      await this.#cluster.refresh(topics).catch(() => {});
      throw error;
    }
    for (const { topic, partition, sequence } of waiting) written.set(`${topic}/${partition}`, sequence);
  }

  #leaderOf({ topic, partition }: Sending): number {
    const leaders = this.#cluster.known(topic)?.leaders;
    if (leaders === undefined) throw unknownTopic(topic, { retriable: this.#cluster.seen(topic) });
    if (partition >= leaders.length) throw unknownPartition({ topic, partition }, leaders.length);
    return leaders[partition];
  }

  /** Sends the next part of each partition, of as many as one request may hold. */
  async #send(
    node: number,
    { led, writer }: { readonly led: readonly Sending[]; readonly writer: TransactionalWriter },
  ): Promise<void> {
    const { transactionalId, producerId, epoch } = writer;
    const { compression, requestTimeoutMs: timeoutMs } = this.#cluster.settings;
    const chosen: Part[] = [];
    let bytes = 0;
    for (const sending of led) {
      const [records] = sending.parts;
      const stamp = { producerId, epoch, baseSequence: sending.sequence, transactional: true as const };
      const batch = encodeRecordBatch(records, { stamp, compression, nowMs: Date.now() });
      bytes += batch.length;
      if (chosen.length > 0 && bytes > REQUEST_BYTES_MAX) break;
      chosen.push({ sending, batch, records });
    }
    const partitions = chosen.map(({ sending: { topic, partition }, batch }) => ({ topic, partition, batch }));
    const request = produceRequest(partitions, { timeoutMs, transactionalId });
    const answers = await this.#channel.call(node, (connection) => connection.send(request));
    for (const { topic, partition, errorCode, message } of answers) {
      const { sending, records } = chosen.find((one) =>
        one.sending.topic === topic && one.sending.partition === partition
      )!;
      if (errorCode !== ErrorCode.none) throw this.#refused(sending, { records, errorCode, message });
      sending.parts.shift();
      sending.sequence += records.length;
    }
  }

  /** Of several records none may be to blame: they are tried in smaller parts. */
  #refused({ topic, partition }: Sending, { records, ...refused }: Refused): ProductionError {
    const error = refusal({ topic, partition }, refused);
    if (this.#cluster.limits.mayExplain(topic, refused.errorCode)) {
      return new ProductionError(error.message, { retriable: true, cause: error });
    }
    if (error.reason !== "too_large" || records.length === 1) {
      return error.reason === "too_large" || !error.retriable && isFinal(refused.errorCode)
        ? error
        : new ProductionError(error.message, { retriable: true, cause: error });
    }
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    this.#bytesMax.set(topic, Math.ceil(bytes / 2));
    return new ProductionError(`${error.message}. They are written in smaller parts`, {
      retriable: true,
      cause: error,
    });
  }
}

interface Refused {
  readonly records: readonly NewRecord[];
  readonly errorCode: number;
  readonly message: string | null;
}

/** What a person must change; all else is over with the next epoch, or later. */
function isFinal(code: number): boolean {
  return code === ErrorCode.topicAuthorizationFailed || code === ErrorCode.clusterAuthorizationFailed ||
    code === ErrorCode.invalidRecord || code === ErrorCode.transactionalIdAuthorizationFailed;
}

/** Nothing is under way any more when it rejects. */
async function all(sent: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(sent)) if (one.status === "rejected") throw one.reason;
}
