import type { AppendBatch } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { createBackoff } from "./protocol/backoff.ts";
import { systemClock } from "../local/system_clock.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { asProductionError, ErrorCode, isRetriableCode } from "./protocol/errors.ts";
import { type ProducedPartition, produceRequest } from "./protocol/produce.ts";
import {
  enqueue,
  type Lane,
  newLane,
  prepareBatch,
  refusal,
  refuseBatch,
  rejectLane,
  type Session,
  tooLarge,
  unknownPartition,
} from "./producer_lane.ts";
import { mayAppear, unknownTopic } from "./topics.ts";

const UNKNOWN_TOPIC_RETRY_MS = 100;
const REQUEST_BYTES_MAX = 8_000_000;
/** On requests of more than 100 MiB (`socket.request.max.bytes`) brokers close the connection and do not say why. */
const BATCH_BYTES_MAX = 100_000_000;
/** Sequence numbers are 31 bits and begin again at 0. */
const SEQUENCES = 2 ** 31;

const sessionErrors = new Set<number>([
  ErrorCode.outOfOrderSequence,
  ErrorCode.duplicateSequence,
  ErrorCode.unknownProducerId,
  ErrorCode.invalidProducerEpoch,
  ErrorCode.invalidProducerIdMapping,
]);

/**
 * An idempotent producer: acks from all in-sync replicas, one request per broker under way, and a batch keeps its
 * sequence number and bytes until it is acknowledged. Appends that wait at the same time travel together. Not kafkajs'
 * own, which gives up for ever when the broker has forgotten its id, sends a whole request again when one partition of
 * it fails, and costs three times the CPU.
 */
export class Producer {
  readonly #cluster: Cluster;
  readonly #channel: BrokerChannel;
  readonly #closing = new AbortController();
  readonly #lanes = new Map<string, Lane>();
  readonly #active = new Set<Lane>();
  readonly #busyNodes = new Set<number>();
  #session: Promise<Session> | null = null;
  #woken = Promise.withResolvers<void>();
  #refreshNeeded = false;
  #running = false;
  #finished: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#channel = cluster.openChannel();
  }

  /** As `Log.append`. */
  async append(batches: readonly AppendBatch[]): Promise<number[]> {
    if (this.#closing.signal.aborted) throw closedError();
    const empty = batches.find((batch) => batch.records.length === 0);
    if (empty) throw new TypeError(`Cannot append to "${empty.topic}" partition ${empty.partition}: no records given`);
    const { batchBytesMax, deliveryTimeoutMs } = this.#cluster.settings;
    const giveUpAt = performance.now() + deliveryTimeoutMs;
    const call = Symbol();
    const offsets = batches.map((batch) => {
      const lane = this.#laneOf(batch);
      this.#active.add(lane);
      return enqueue(lane, batch, { bytesMax: batchBytesMax, call, giveUpAt });
    });
    if (this.#running) this.#wake();
    else if (this.#active.size > 0) this.#finished = this.#run();
    return await Promise.all(offsets);
  }

  /** Rejects what is not acknowledged yet. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#channel.close();
    await this.#finished;
    for (const lane of this.#active) rejectLane(lane, closedError());
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  /** Sends what can be sent until nothing waits. Only one run is under way. */
  async #run(): Promise<void> {
    this.#running = true;
    const backoff = createBackoff();
    while (!this.#closing.signal.aborted && this.#active.size > 0) {
      const woken = this.#woken.promise;
      try {
        const session = await (this.#session ??= this.#openSession());
        if (this.#refreshNeeded || [...this.#active].some((lane) => this.#leaderOf(lane) < 0)) await this.#refresh();
        for (const lane of this.#active) this.#giveUpLate(lane);
        const nextAt = this.#sendReady(session);
        backoff.reset();
        if (this.#active.size > 0) await this.#wait(woken, nextAt);
      } catch (thrown) {
        const error = asProductionError(thrown, this.#cluster.settings);
        for (const lane of this.#active) {
          if (error.retriable) this.#giveUpLate(lane, error);
          else if (!lane.inFlight) this.#reject(lane, error);
        }
        await systemClock.sleep(backoff.nextMs(), this.#closing.signal);
      }
    }
    this.#running = false;
  }

  async #wait(woken: Promise<void>, nextAt: number): Promise<void> {
    const timer = nextAt === Infinity ? undefined : setTimeout(
      () => this.#wake(),
      Math.max(1, nextAt - performance.now()),
    );
    await woken;
    clearTimeout(timer);
  }

  async #openSession(): Promise<Session> {
    try {
      const { producerId, producerEpoch } = await this.#channel.callAny(({ broker }) =>
        broker.initProducerId({ transactionTimeout: 60_000 })
      );
      return { producerId: Number(producerId), epoch: producerEpoch, nextSequence: new Map() };
    } catch (error) {
      this.#session = null;
      throw error;
    }
  }

  /** Learns the leaders. A topic that stays unknown is refused, and so is a partition that a topic does not have. */
  async #refresh(): Promise<void> {
    this.#refreshNeeded = false;
    const lanes = [...this.#active].filter((lane) => !lane.inFlight);
    const { topics, refused } = await this.#cluster.refresh([...new Set(lanes.map((lane) => lane.topic))]);
    const now = performance.now();
    for (const lane of lanes) {
      const code = refused.get(lane.topic);
      const topic = topics.get(lane.topic);
      if (code !== undefined) this.#reject(lane, refusal(lane, { errorCode: code, message: null }));
      else if (topic === undefined) {
        lane.unknownSince ??= now;
        lane.notBefore = now + UNKNOWN_TOPIC_RETRY_MS;
        const missingMs = now - lane.unknownSince;
        if (mayAppear(this.#cluster, { topic: lane.topic, missingMs })) this.#refreshNeeded = true;
        else this.#reject(lane, unknownTopic(lane.topic));
      } else if (topic.leaders.length <= lane.partition) {
        this.#reject(lane, unknownPartition(lane, topic.leaders.length));
      } else {
        lane.unknownSince = null;
        // A partition between two leaders: asked for again in a moment.
        if (topic.leaders[lane.partition] < 0) lane.notBefore = now + lane.backoff.nextMs();
      }
    }
  }

  /** Starts a request to every idle leader to which something can go; the time at which to look again at the latest. */
  #sendReady(session: Session): number {
    const now = performance.now();
    let nextAt = Infinity;
    const ready: Lane[] = [];
    for (const lane of this.#active) {
      if (lane.inFlight) continue;
      if (lane.notBefore > now) nextAt = Math.min(nextAt, lane.notBefore);
      else if (this.#leaderOf(lane) < 0) nextAt = Math.min(nextAt, now + UNKNOWN_TOPIC_RETRY_MS);
      else ready.push(lane);
    }
    for (const [node, led] of Map.groupBy(ready, (lane) => this.#leaderOf(lane))) {
      if (this.#busyNodes.has(node)) continue;
      const chosen: Lane[] = [];
      let bytes = 0;
      for (const lane of led) {
        const size = prepareBatch(lane, session, this.#cluster.settings);
        if (size > BATCH_BYTES_MAX) {
          this.#refuse(lane, tooLarge(lane, { bytes: size, bytesMax: BATCH_BYTES_MAX }));
          nextAt = now;
          continue;
        }
        bytes += size;
        if (chosen.length > 0 && bytes > REQUEST_BYTES_MAX) break;
        chosen.push(lane);
      }
      if (chosen.length === 0) continue;
      this.#busyNodes.add(node);
      void this.#send(node, chosen).finally(() => {
        this.#busyNodes.delete(node);
        this.#wake();
      });
    }
    return nextAt;
  }

  async #send(node: number, lanes: readonly Lane[]): Promise<void> {
    for (const lane of lanes) lane.inFlight = true;
    try {
      const partitions = lanes.map(({ topic, partition, sent }) => ({ topic, partition, batch: sent!.bytes }));
      const timeoutMs = this.#cluster.settings.requestTimeoutMs;
      const request = produceRequest(partitions, { timeoutMs, transactionalId: null });
      const produced = await this.#channel.call(node, (connection) => connection.send(request));
      const answers = new Map(produced.map((answer) => [nameOf(answer), answer]));
      for (const lane of lanes) this.#settle(lane, answers.get(nameOf(lane))!);
    } catch (thrown) {
      const error = asProductionError(thrown, this.#cluster.settings);
      this.#refreshNeeded = true;
      for (const lane of lanes) {
        lane.sent!.outcomeUnknown = true;
        lane.notBefore = performance.now() + lane.backoff.nextMs();
        if (error.retriable) this.#giveUpLate(lane, error);
        else this.#reject(lane, error);
      }
    } finally {
      for (const lane of lanes) lane.inFlight = false;
    }
  }

  #settle(lane: Lane, { errorCode, baseOffset, message }: ProducedPartition): void {
    const sent = lane.sent!;
    if (errorCode === ErrorCode.none) {
      let offset = baseOffset;
      for (const entry of sent.entries) {
        entry.resolve(offset);
        offset += entry.records.length;
      }
      const sequence = (sent.session.nextSequence.get(lane) ?? 0) + offset - baseOffset;
      sent.session.nextSequence.set(lane, sequence % SEQUENCES);
      lane.sent = null;
      lane.backoff.reset();
      if (lane.waiting.length === 0) this.#active.delete(lane);
      return;
    }
    lane.notBefore = performance.now() + lane.backoff.nextMs();
    if (sessionErrors.has(errorCode)) {
      // The broker cannot tell any more what it has of us: begin anew under another identity. What was stored without
      // our hearing of it is stored again; receivers drop what is not newer.
      this.#session = null;
      this.#giveUpLate(lane, refusal(lane, { errorCode, message }));
    } else if (isRetriableCode(errorCode) || this.#cluster.limits.mayExplain(lane.topic, errorCode)) {
      this.#refreshNeeded = true;
      // Stored by some replicas, and not by enough of them: it may come back.
      if (errorCode === ErrorCode.notEnoughReplicasAfterAppend || errorCode === ErrorCode.requestTimedOut) {
        sent.outcomeUnknown = true;
      }
      this.#giveUpLate(lane, refusal(lane, { errorCode, message }));
    } else {
      if (sent.outcomeUnknown) this.#session = null;
      this.#refuse(lane, refusal(lane, { errorCode, message }));
    }
  }

  #refuse(lane: Lane, error: ProductionError): void {
    lane.notBefore = 0;
    refuseBatch(lane, error);
    if (lane.waiting.length === 0) this.#active.delete(lane);
  }

  /** Rejects everything of the lane if its oldest append has waited too long. */
  #giveUpLate(lane: Lane, cause?: ProductionError): void {
    if (lane.inFlight && cause === undefined) return;
    const oldest = lane.sent?.entries[0] ?? lane.waiting[0];
    if (oldest === undefined || oldest.giveUpAt > performance.now()) return;
    const seconds = this.#cluster.settings.deliveryTimeoutMs / 1000;
    const message = `Cannot append to "${lane.topic}" partition ${lane.partition} within ${seconds} s`;
    const text = cause ? `${message}: ${cause.message}` : message;
    this.#reject(lane, new ProductionError(text, { retriable: true, cause }));
  }

  #reject(lane: Lane, error: ProductionError): void {
    // The sequence numbers of a batch that may or may not be stored cannot be used again.
    if (lane.sent?.outcomeUnknown) this.#session = null;
    rejectLane(lane, error);
    this.#active.delete(lane);
  }

  #leaderOf({ topic, partition }: Lane): number {
    return this.#cluster.known(topic)?.leaders[partition] ?? -1;
  }

  #laneOf({ topic, partition }: AppendBatch): Lane {
    const name = nameOf({ topic, partition });
    const lane = this.#lanes.get(name) ?? newLane(topic, partition);
    this.#lanes.set(name, lane);
    return lane;
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}\0${partition}`;
}

function closedError(): ProductionError {
  return new ProductionError("Cannot append: this Kafka log is closed", { retriable: false });
}
