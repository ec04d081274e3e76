import type { Fetched, Reader } from "../../ports/log.ts";
import type { ProductionError } from "../../record/errors.ts";
import { Arrival } from "./arrival.ts";
import type { Fetcher } from "./fetcher.ts";
import { readPortion } from "./read_answer.ts";
import { type FetchLeave, ReadBudget } from "./read_budget.ts";
import {
  type Chunk,
  dropChunk,
  type FetchTarget,
  holdChunk,
  nameOf,
  newReadPosition,
  type Portion,
  type ReadPosition,
  takeChunk,
} from "./read_position.ts";

/**
 * Reads by position, outside any group: one chunk ahead for each partition as far as its {@link ReadBudget} allows,
 * past gaps, along with leaders, whatever becomes of brokers. What is to be fetched is fetched by the {@link Fetcher},
 * for all readers of the log together. A partition that cannot be read is tried again and again, and tells so with
 * `Fetched.problem`, while the others go on. Not kafkajs' consumer, which reads only what a group assigns, nothing
 * ahead, and stands still on some compacted topics.
 */
export class KafkaReader implements Reader, FetchTarget {
  readonly budget: ReadBudget;
  readonly #fetcher: Fetcher;
  readonly #positions = new Map<string, ReadPosition>();
  /** Those that hold a chunk, in the order in which it came. */
  readonly #holding = new Set<ReadPosition>();
  readonly #arrival = new Arrival();
  #failure: ProductionError | null = null;
  #closed = false;

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher;
    this.budget = new ReadBudget(fetcher.cluster.settings.readerBytesMax);
    fetcher.enter(this);
  }

  seek(topic: string, partition: number, offset: number): void {
    const name = nameOf(topic, partition);
    const { fetchPartitionBytesMax: bytesMax } = this.#fetcher.cluster.settings;
    const known = this.#positions.get(name);
    const { paused, troubled } = known ?? { paused: false, troubled: false };
    this.#drop(known);
    // Another object: the answer to a fetch that is under way belongs to the one that was dropped.
    const position = newReadPosition({ topic, partition, offset, paused, reader: this, troubled, bytesMax });
    this.#positions.set(name, position);
    this.#fetcher.add(position);
  }

  stop(topic: string, partition: number): void {
    const name = nameOf(topic, partition);
    this.#drop(this.#positions.get(name));
    this.#positions.delete(name);
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
    this.#fetcher.want(position);
  }

  async poll(waitMs: number): Promise<Fetched[]> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const failure = this.#failure;
      this.#failure = null;
      if (failure !== null) throw failure;
      this.#tellBlocked();
      const chunks = this.#take();
      const leftMs = deadline - performance.now();
      if (chunks.length > 0 || leftMs <= 0 || this.#closed) return chunks;
      await this.#arrival.wait(leftMs);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const position of this.#positions.values()) this.#drop(position);
    this.#positions.clear();
    this.#fetcher.leave(this);
    this.#arrival.arrive();
    return Promise.resolve();
  }

  /** Room for one more fetch. What is held for paused partitions must leave enough of it to those that are read. */
  leave(): FetchLeave | null {
    const { fetchBytesMax, readerBytesMax } = this.#fetcher.cluster.settings;
    if (this.budget.heldBytes > readerBytesMax / 2) {
      for (const position of this.#holding) {
        if (position.paused && dropChunk(position, this.budget)) this.#holding.delete(position);
      }
    }
    return this.budget.ask(fetchBytesMax);
  }

  receive(position: ReadPosition, portion: Portion): void {
    if (!position.live) return;
    const chunk = readPortion(position, portion, { settings: this.#fetcher.cluster.settings, budget: this.budget });
    if (chunk !== null) this.#deliver(position, chunk);
  }

  /** The operator may help, or another replica. */
  tellTrouble(position: ReadPosition, { message }: ProductionError): void {
    if (!position.live || position.chunk !== null) return;
    const { topic, partition, offset } = position;
    position.troubled = true;
    position.notBefore = performance.now() + position.troubleBackoff.nextMs();
    const fetched = { topic, partition, records: [], nextOffset: offset, endOffset: offset, problem: message };
    this.#deliver(position, { fetched, bytes: 0 });
  }

  /** Says of which partitions an open transaction holds back what is behind it, as nothing else would. */
  #tellBlocked(): void {
    const { openTransactionMs } = this.#fetcher.cluster.settings;
    const now = performance.now();
    for (const position of this.#positions.values()) {
      const { blocked, chunk, blockedToldMs, topic, partition, offset } = position;
      if (blocked === null || chunk !== null || now - blocked.sinceMs < openTransactionMs) continue;
      if (blockedToldMs !== null && now - blockedToldMs < openTransactionMs) continue;
      position.blockedToldMs = now;
      const problem = openTransaction(position, { ...blocked, now });
      const fetched = { topic, partition, records: [], nextOffset: offset, endOffset: offset, problem };
      this.#deliver(position, { fetched, bytes: 0 });
    }
  }

  tellRange(position: ReadPosition, range: { readonly startOffset: number; readonly endOffset: number }): void {
    const { topic, partition, offset } = position;
    position.ended = true;
    const fetched = {
      topic,
      partition,
      records: [],
      nextOffset: offset,
      endOffset: range.endOffset,
      outOfRange: range,
    };
    this.#deliver(position, { fetched, bytes: 0 });
  }

  fail(error: ProductionError, position?: ReadPosition): void {
    if (this.#closed || position?.live === false) return;
    if (position !== undefined) position.ended = true;
    this.#failure ??= error;
    this.#arrival.arrive();
  }

  #take(): Fetched[] {
    const chunks: Fetched[] = [];
    for (const position of this.#holding) {
      if (position.paused) continue;
      this.#holding.delete(position);
      chunks.push(takeChunk(position, this.budget)!);
      this.#fetcher.want(position);
    }
    return chunks;
  }

  #deliver(position: ReadPosition, chunk: Chunk): void {
    holdChunk(position, { chunk, budget: this.budget });
    this.#holding.add(position);
    if (!position.paused) this.#arrival.arrive();
  }

  #drop(position: ReadPosition | undefined): void {
    if (position === undefined) return;
    takeChunk(position, this.budget);
    this.#holding.delete(position);
    this.#fetcher.remove(position);
  }
}

function openTransaction(
  { topic, partition, offset }: ReadPosition,
  { sinceMs, heldBack, now }: { readonly sinceMs: number; readonly heldBack: number; readonly now: number },
): string {
  return `Cannot read "${topic}" partition ${partition} behind offset ${offset}: a transaction there is open for ` +
    `${Math.round((now - sinceMs) / 1_000)} s, and holds back ${heldBack} offsets. It ends with its producer's ` +
    "transaction.timeout.ms; if it does not, find and abort it: kafka-transactions.sh find-hanging";
}
