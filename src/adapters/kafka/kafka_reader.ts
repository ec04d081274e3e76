import type { Fetched, Reader } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { createBackoff } from "./protocol/backoff.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { type FetchedPartition, fetchRequest } from "./protocol/fetch.ts";
import { asProductionError, ErrorCode, errorName, isRetriableCode } from "./protocol/errors.ts";
import { decodeRecordBatches } from "./protocol/decoder.ts";
import { newReadPosition, type ReadPosition } from "./read_position.ts";
import { mayAppear, rangeOf, unknownTopic } from "./topics.ts";

/**
 * Requests under way to one broker. A broker holds a request until there is something for it; the second lets a
 * partition that was sought, resumed or emptied meanwhile go on at once.
 */
const REQUESTS_PER_NODE = 2;

/**
 * Reads by position, outside any group: fetches one chunk ahead for each partition, goes on past gaps, follows leaders,
 * survives brokers. Not kafkajs' consumer, which reads only what a group assigns, nothing ahead, and stands still on
 * some compacted topics.
 */
export class KafkaReader implements Reader {
  readonly #cluster: Cluster;
  readonly #channels: readonly BrokerChannel[];
  /** In the order in which they are asked for; those just served go to the end. */
  readonly #positions = new Map<string, ReadPosition>();
  /** Channels with a request under way, by node. */
  readonly #busy = new Map<number, Set<BrokerChannel>>();
  readonly #refreshBackoff = createBackoff();
  #refreshNeeded = false;
  #refreshing = false;
  #refreshNotBefore = 0;
  #pumpQueued = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: ProductionError | null = null;
  #arrived = Promise.withResolvers<void>();
  #closed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#channels = Array.from({ length: REQUESTS_PER_NODE }, () => cluster.openChannel());
  }

  seek(topic: string, partition: number, offset: number): void {
    const name = nameOf(topic, partition);
    const { fetchPartitionBytesMax } = this.#cluster.settings;
    const paused = this.#positions.get(name)?.paused ?? false;
    // Another object: the answer to a fetch that is under way finds that its position is not the current one, and is
    // dropped.
    this.#positions.set(name, newReadPosition({ topic, partition, offset, paused, bytesMax: fetchPartitionBytesMax }));
    this.#queuePump();
  }

  stop(topic: string, partition: number): void {
    this.#positions.delete(nameOf(topic, partition));
  }

  pause(topic: string, partition: number): void {
    const position = this.#positions.get(nameOf(topic, partition));
    if (position !== undefined) position.paused = true;
  }

  resume(topic: string, partition: number): void {
    const position = this.#positions.get(nameOf(topic, partition));
    if (position === undefined || !position.paused) return;
    position.paused = false;
    if (position.chunk !== null) this.#arrive();
    this.#queuePump();
  }

  async poll(waitMs: number): Promise<Fetched[]> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const arrived = this.#arrived.promise;
      if (this.#failure !== null) {
        const failure = this.#failure;
        this.#failure = null;
        throw failure;
      }
      const chunks = this.#take();
      const leftMs = deadline - performance.now();
      if (chunks.length > 0 || leftMs <= 0 || this.#closed) return chunks;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([arrived, new Promise<void>((resolve) => timer = setTimeout(resolve, leftMs))]);
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#positions.clear();
    clearTimeout(this.#timer);
    this.#arrive();
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  #take(): Fetched[] {
    const chunks: Fetched[] = [];
    for (const position of this.#positions.values()) {
      if (position.paused || position.chunk === null) continue;
      chunks.push(position.chunk);
      position.chunk = null;
    }
    if (chunks.length > 0) this.#queuePump();
    return chunks;
  }

  #arrive(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }

  /** Later in this turn, so that several calls of `seek` lead to one request. */
  #queuePump(): void {
    if (this.#pumpQueued || this.#closed) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      if (!this.#closed) this.#pump();
    });
  }

  /** Starts every request that can be started. Called after everything that may allow one. */
  #pump(): void {
    const now = performance.now();
    let nextAt = Infinity;
    const byLeader = new Map<number, ReadPosition[]>();
    for (const position of this.#positions.values()) {
      if (position.paused || position.ended || position.inFlight || position.chunk !== null) continue;
      const leader = this.#cluster.known(position.topic)?.leaders[position.partition] ?? -1;
      if (position.notBefore > now) nextAt = Math.min(nextAt, position.notBefore);
      else if (leader < 0) this.#refreshNeeded = true;
      else byLeader.getOrInsertComputed(leader, () => []).push(position);
    }
    if (this.#refreshNeeded && !this.#refreshing) {
      if (this.#refreshNotBefore <= now) void this.#refresh();
      else nextAt = Math.min(nextAt, this.#refreshNotBefore);
    }
    for (const [node, positions] of byLeader) {
      const busy = this.#busy.getOrInsertComputed(node, () => new Set());
      const channel = this.#channels.find((candidate) => !busy.has(candidate));
      if (channel === undefined) continue;
      busy.add(channel);
      void this.#fetch({ node, channel, positions }).finally(() => {
        busy.delete(channel);
        this.#queuePump();
      });
    }
    clearTimeout(this.#timer);
    if (nextAt < Infinity) this.#timer = setTimeout(() => this.#queuePump(), Math.max(1, nextAt - now));
  }

  async #refresh(): Promise<void> {
    this.#refreshing = true;
    this.#refreshNeeded = false;
    const positions = [...this.#positions.values()].filter((position) => !position.ended);
    try {
      const { topics, refused } = await this.#cluster.refresh([...new Set(positions.map(({ topic }) => topic))]);
      const now = performance.now();
      this.#refreshBackoff.reset();
      for (const position of positions) {
        const { topic, partition } = position;
        const leaders = topics.get(topic)?.leaders;
        const code = refused.get(topic);
        if (code !== undefined) this.#fail(position, refusal(position, code));
        else if (leaders === undefined) {
          position.unknownSince ??= now;
          position.notBefore = now + position.backoff.nextMs();
          const missingMs = now - position.unknownSince;
          if (!mayAppear(this.#cluster, { topic, missingMs })) this.#fail(position, unknownTopic(topic));
        } else if (leaders.length <= partition) {
          const message = `Cannot read "${topic}" partition ${partition}: the topic has ${leaders.length} partitions`;
          this.#fail(position, new ProductionError(message, { retriable: false }));
        } else {
          position.unknownSince = null;
          if (leaders[partition] < 0) position.notBefore = now + position.backoff.nextMs();
        }
      }
    } catch (thrown) {
      this.#refreshNeeded = true;
      this.#refreshNotBefore = performance.now() + this.#refreshBackoff.nextMs();
      this.#failUnlessRetriable(thrown);
    } finally {
      this.#refreshing = false;
      this.#queuePump();
    }
  }

  async #fetch(
    { node, channel, positions }: { node: number; channel: BrokerChannel; positions: readonly ReadPosition[] },
  ): Promise<void> {
    const { fetchWaitMs, fetchBytesMax } = this.#cluster.settings;
    for (const position of positions) position.inFlight = true;
    try {
      const request = fetchRequest(positions, { waitMs: fetchWaitMs, bytesMax: fetchBytesMax });
      const answers = await channel.call(node, (connection) => connection.send(request));
      const current = new Map(positions.map((position) => [nameOf(position.topic, position.partition), position]));
      for (const answer of answers) {
        const position = current.get(nameOf(answer.topic, answer.partition))!;
        if (this.#isCurrent(position)) await this.#accept(position, answer);
      }
    } catch (thrown) {
      this.#refreshNeeded = true;
      const now = performance.now();
      for (const position of positions) position.notBefore = now + position.backoff.nextMs();
      this.#failUnlessRetriable(thrown);
    } finally {
      for (const position of positions) position.inFlight = false;
    }
  }

  async #accept(position: ReadPosition, answer: FetchedPartition): Promise<void> {
    const { topic, partition } = position;
    if (answer.errorCode === ErrorCode.offsetOutOfRange) return await this.#checkRange(position);
    if (answer.errorCode !== ErrorCode.none) {
      if (!isRetriableCode(answer.errorCode)) return this.#fail(position, refusal(position, answer.errorCode));
      this.#refreshNeeded = true;
      position.notBefore = performance.now() + position.backoff.nextMs();
      return;
    }
    position.backoff.reset();
    const { checkCrcs } = this.#cluster.settings;
    const { batches, aborted, endOffset } = answer;
    try {
      const decoded = decodeRecordBatches(batches, { position: position.offset, aborted, checkCrcs, topic });
      // A batch larger than asked for comes whole only to the first partition of a request: ask for as much as it
      // needs.
      position.bytesMax = Math.max(position.bytesMax, decoded.bytesNeeded);
      if (decoded.nextOffset === position.offset) return;
      const { records, nextOffset } = decoded;
      this.#deliver(position, { topic, partition, records, nextOffset, endOffset: Math.max(endOffset, nextOffset) });
    } catch (error) {
      this.#fail(position, error as ProductionError);
    }
  }

  /** Reports a position outside the log; one that is inside after all is tried again. */
  async #checkRange(position: ReadPosition): Promise<void> {
    const { topic, partition, offset } = position;
    const channel = this.#channels[0];
    const range = await rangeOf({ cluster: this.#cluster, channel }, { topic, partition });
    if (!this.#isCurrent(position)) return;
    if (range.startOffset <= offset && offset <= range.endOffset) {
      position.notBefore = performance.now() + position.backoff.nextMs();
      return;
    }
    position.ended = true;
    const { endOffset } = range;
    this.#deliver(position, { topic, partition, records: [], nextOffset: offset, endOffset, outOfRange: range });
  }

  #deliver(position: ReadPosition, chunk: Omit<Fetched, "fromOffset">): void {
    position.chunk = { ...chunk, fromOffset: position.offset };
    position.offset = chunk.nextOffset;
    const name = nameOf(position.topic, position.partition);
    this.#positions.delete(name);
    this.#positions.set(name, position);
    if (!position.paused) this.#arrive();
  }

  #isCurrent(position: ReadPosition): boolean {
    return this.#positions.get(nameOf(position.topic, position.partition)) === position;
  }

  #fail(position: ReadPosition, error: ProductionError): void {
    if (!this.#isCurrent(position)) return;
    position.ended = true;
    this.#failure ??= error;
    this.#arrive();
  }

  /**
   * Lost connections are tried again for ever; what the operator must correct is told to the caller, who may poll
   * again.
   */
  #failUnlessRetriable(thrown: unknown): void {
    const error = asProductionError(thrown, this.#cluster.settings);
    if (error.retriable || this.#closed) return;
    this.#failure ??= error;
    this.#arrive();
  }
}

function refusal({ topic, partition, offset }: ReadPosition, code: number): ProductionError {
  const message = `Cannot read "${topic}" partition ${partition} at offset ${offset}: the broker answers ${
    errorName(code)
  }`;
  return new ProductionError(message, { retriable: false });
}

function nameOf(topic: string, partition: number): string {
  return `${topic}\0${partition}`;
}
