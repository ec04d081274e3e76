import type { Fetched, Reader } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { createBackoff } from "./protocol/backoff.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { type FetchedPartition, fetchRequest } from "./protocol/fetch.ts";
import { asProductionError, ErrorCode, isRetriableCode } from "./protocol/errors.ts";
import { Arrival } from "./arrival.ts";
import { readAnswer } from "./read_answer.ts";
import { type FetchLeave, ReadBudget } from "./read_budget.ts";
import {
  type Chunk,
  dropChunk,
  holdChunk,
  learnLeader,
  nameOf,
  newReadPosition,
  type ReadPosition,
  refusal,
  takeChunk,
} from "./read_position.ts";
import { rangeOf } from "./topics.ts";

/**
 * Requests under way to one broker. A broker holds a request until there is something for it; the second lets a
 * partition that was sought, resumed or emptied meanwhile go on at once.
 */
const REQUESTS_PER_NODE = 2;
/**
 * Reads by position, outside any group: fetches one chunk ahead for each partition as far as its {@link ReadBudget}
 * allows, goes on past gaps, follows leaders, survives brokers. A partition that cannot be read is tried again and
 * again, and tells so with `Fetched.problem`, while the others go on. Not kafkajs' consumer, which reads only what a
 * group assigns, nothing ahead, and stands still on some compacted topics.
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
  readonly #arrival = new Arrival();
  #closed = false;
  readonly #budget: ReadBudget;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#budget = new ReadBudget(cluster.settings.readerBytesMax);
    this.#channels = Array.from({ length: REQUESTS_PER_NODE }, () => cluster.openChannel());
  }

  seek(topic: string, partition: number, offset: number): void {
    const name = nameOf(topic, partition);
    const { fetchPartitionBytesMax: bytesMax } = this.#cluster.settings;
    const known = this.#positions.get(name);
    const { paused, troubled } = known ?? { paused: false, troubled: false };
    takeChunk(known, this.#budget);
    // Another object: the answer to a fetch that is under way finds that its position is not the current one, and is
    // dropped.
    this.#positions.set(name, newReadPosition({ topic, partition, offset, paused, troubled, bytesMax }));
    this.#queuePump();
  }

  stop(topic: string, partition: number): void {
    const name = nameOf(topic, partition);
    takeChunk(this.#positions.get(name), this.#budget);
    this.#positions.delete(name);
    // Others may have waited for the room that it took.
    this.#queuePump();
  }

  pause(topic: string, partition: number): void {
    const position = this.#positions.get(nameOf(topic, partition));
    if (position !== undefined) position.paused = true;
  }

  resume(topic: string, partition: number): void {
    const position = this.#positions.get(nameOf(topic, partition));
    if (position === undefined || !position.paused) return;
    position.paused = false;
    if (position.chunk !== null) this.#arrival.arrive();
    this.#queuePump();
  }

  async poll(waitMs: number): Promise<Fetched[]> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const failure = this.#failure;
      this.#failure = null;
      if (failure !== null) throw failure;
      const chunks = this.#take();
      const leftMs = deadline - performance.now();
      if (chunks.length > 0 || leftMs <= 0 || this.#closed) return chunks;
      await this.#arrival.wait(leftMs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#positions.clear();
    clearTimeout(this.#timer);
    this.#arrival.arrive();
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  #take(): Fetched[] {
    const chunks: Fetched[] = [];
    for (const position of this.#positions.values()) {
      if (position.paused) continue;
      const chunk = takeChunk(position, this.#budget);
      if (chunk !== null) chunks.push(chunk);
    }
    if (chunks.length > 0) this.#queuePump();
    return chunks;
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
      const leave = channel === undefined ? null : this.#leave();
      if (channel === undefined || leave === null) continue;
      busy.add(channel);
      void this.#fetch({ node, channel, positions, leave }).finally(() => {
        busy.delete(channel);
        this.#budget.answered(leave);
        this.#queuePump();
      });
    }
    clearTimeout(this.#timer);
    if (nextAt < Infinity) this.#timer = setTimeout(() => this.#queuePump(), Math.max(1, nextAt - now));
  }

  /** Room for one more fetch. What is held for paused partitions must leave enough of it to those that are read. */
  #leave(): FetchLeave | null {
    const { fetchBytesMax, readerBytesMax } = this.#cluster.settings;
    if (this.#budget.heldBytes > readerBytesMax / 2) {
      for (const position of this.#positions.values()) if (position.paused) dropChunk(position, this.#budget);
    }
    return this.#budget.ask(fetchBytesMax);
  }

  async #refresh(): Promise<void> {
    this.#refreshing = true;
    this.#refreshNeeded = false;
    const positions = [...this.#positions.values()].filter((position) => !position.ended);
    try {
      const metadata = await this.#cluster.refresh([...new Set(positions.map(({ topic }) => topic))]);
      this.#refreshBackoff.reset();
      for (const position of positions) {
        const trouble = learnLeader(position, { cluster: this.#cluster, metadata });
        if (trouble?.final) this.#fail(position, trouble.error);
        else if (trouble) this.#tellTrouble(position, trouble.error);
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

  async #fetch({ node, channel, positions, leave }: FetchParts): Promise<void> {
    const { fetchWaitMs, readerBytesMax } = this.#cluster.settings;
    for (const position of positions) position.inFlight = true;
    try {
      const request = fetchRequest(positions, { waitMs: fetchWaitMs, bytesMax: leave.bytesMax });
      const answers = await channel.call(node, (connection) => connection.send(request));
      const current = new Map(positions.map((position) => [position.name, position]));
      const outside: ReadPosition[] = [];
      // All in one turn, so that a poll that waits gets all of it.
      for (const answer of answers) {
        const position = current.get(nameOf(answer.topic, answer.partition))!;
        // Larger than expected once decompressed: what has no room is fetched again.
        if (this.#budget.heldBytes >= readerBytesMax) break;
        if (!this.#isCurrent(position)) continue;
        if (answer.errorCode === ErrorCode.offsetOutOfRange) outside.push(position);
        else this.#accept(position, answer);
      }
      for (const position of outside) if (this.#isCurrent(position)) await this.#checkRange(position);
    } catch (thrown) {
      this.#refreshNeeded = true;
      const now = performance.now();
      for (const position of positions) position.notBefore = now + position.backoff.nextMs();
      this.#failUnlessRetriable(thrown);
    } finally {
      for (const position of positions) position.inFlight = false;
    }
  }

  #accept(position: ReadPosition, answer: FetchedPartition): void {
    if (answer.errorCode !== ErrorCode.none) {
      this.#refreshNeeded = true;
      position.notBefore = performance.now() + position.backoff.nextMs();
      if (!isRetriableCode(answer.errorCode)) this.#tellTrouble(position, refusal(position, answer.errorCode));
      return;
    }
    position.backoff.reset();
    try {
      const chunk = readAnswer(position, answer, { settings: this.#cluster.settings, budget: this.#budget });
      if (chunk !== null) this.#deliver(position, chunk);
    } catch (thrown) {
      this.#tellTrouble(position, asProductionError(thrown, this.#cluster.settings));
    }
  }

  /** The partition cannot be read now. It is tried again: the operator may help, or another replica. */
  #tellTrouble(position: ReadPosition, { message }: ProductionError): void {
    if (!this.#isCurrent(position) || position.chunk !== null) return;
    const { topic, partition, offset } = position;
    position.troubled = true;
    position.notBefore = performance.now() + position.troubleBackoff.nextMs();
    const fetched = { topic, partition, records: [], nextOffset: offset, endOffset: offset, problem: message };
    this.#deliver(position, { fetched, bytes: 0 });
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
    const fetched = { topic, partition, records: [], nextOffset: offset, endOffset, outOfRange: range };
    this.#deliver(position, { fetched, bytes: 0 });
  }

  #deliver(position: ReadPosition, chunk: Chunk): void {
    holdChunk(position, { chunk, budget: this.#budget });
    // To the end of the order.
    this.#positions.delete(position.name);
    this.#positions.set(position.name, position);
    if (!position.paused) this.#arrival.arrive();
  }

  #isCurrent(position: ReadPosition): boolean {
    return this.#positions.get(position.name) === position;
  }

  #fail(position: ReadPosition, error: ProductionError): void {
    if (!this.#isCurrent(position)) return;
    position.ended = true;
    this.#failure ??= error;
    this.#arrival.arrive();
  }

  /** Lost connections are tried again for ever; what the operator must correct is told to the caller. */
  #failUnlessRetriable(thrown: unknown): void {
    const error = asProductionError(thrown, this.#cluster.settings);
    if (error.retriable || this.#closed) return;
    this.#failure ??= error;
    this.#arrival.arrive();
  }
}

interface FetchParts {
  readonly node: number;
  readonly channel: BrokerChannel;
  readonly positions: readonly ReadPosition[];
  readonly leave: FetchLeave;
}
