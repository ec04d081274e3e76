import type { Cluster } from "../../../src/adapters/kafka/cluster.ts";
import { encodeRecordBatch } from "../../../src/adapters/kafka/protocol/encoder.ts";
import type { KafkaOptions } from "../../../src/adapters/kafka/protocol/options.ts";
import { WireReader, WireWriter } from "../../../src/adapters/kafka/protocol/wire.ts";
import { fakeCluster } from "./fake_cluster.ts";

/** One batch of a partition; their offsets follow each other. */
export type Partition = { bytes: Uint8Array; records: number }[];

interface AskedPartition {
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
}

/** A Fetch request, as far as it matters here. */
export interface FetchSeen {
  readonly sessionId: number;
  readonly epoch: number;
  readonly asked: readonly AskedPartition[];
  readonly forgotten: readonly number[];
}

interface Session {
  epoch: number;
  readonly partitions: Map<number, AskedPartition>;
  /** Ends told last. */
  readonly ends: Map<number, number>;
}

const SESSION_ID_NOT_FOUND = 70;
const POLL_MS = 2;

/**
 * A broker in memory with one topic, "t", that answers Fetch as Kafka does: the first batch comes whole, the others if
 * they fit; a request waits for news as long as it says; sessions are kept if `sessions` says so (KIP-227).
 */
export class FakeBroker {
  readonly partitions: Partition[];
  /** Answered instead of records, by partition. */
  readonly errors = new Map<number, number>();
  /** Offsets behind the end, of transactions that are open, by partition. */
  readonly heldBack = new Map<number, number>();
  readonly seen: FetchSeen[] = [];
  /** So many requests are answered by a connection that breaks, the next ones. */
  failures = 0;
  /** Of record batches, in all answers. */
  sentBytes = 0;
  readonly #keepsSessions: boolean;
  readonly #sessions = new Map<number, Session>();
  #lastId = 0;

  constructor(partitions: Partition[], { sessions = false }: { readonly sessions?: boolean } = {}) {
    this.partitions = partitions;
    this.#keepsSessions = sessions;
  }

  get fetches(): number {
    return this.seen.length;
  }

  /** As a broker does that needs room for others, or was started again. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  append(partition: number, count: number): void {
    this.partitions[partition].push(
      ...partitionOf({ batches: 1, records: count, valueBytes: 10, from: this.endOf(partition) }),
    );
  }

  cluster(options: Partial<KafkaOptions> = {}): Cluster {
    return fakeCluster((request) => this.#answer(request), {
      partitions: this.partitions.length,
      fetchWaitMs: 10,
      ...options,
    });
  }

  async #answer(request: Uint8Array): Promise<Uint8Array> {
    const { waitMs, bytesMax, ...seen } = requestOf(request);
    this.seen.push(seen);
    const session = this.#sessionOf(seen);
    // The broker has heard the request all the same.
    if (this.failures > 0) {
      this.failures--;
      throw Object.assign(new Error("the connection broke"), { name: "KafkaJSConnectionError" });
    }
    if (session === null) return new WireWriter().int32(0).int16(SESSION_ID_NOT_FOUND).int32(0).int32(0).finish();
    const deadline = performance.now() + waitMs;
    do await new Promise((resolve) => setTimeout(resolve, POLL_MS)); while (
      performance.now() < deadline && !this.#hasNews(session)
    );
    const whole = seen.epoch <= 0;
    const writer = new WireWriter().int32(0).int16(0);
    writer.int32(seen.epoch < 0 || !this.#keepsSessions ? 0 : this.#idOf(session));
    let left = bytesMax;
    let first = true;
    const parts = [...session.partitions.values()].flatMap((asked) => {
      const { partition } = asked;
      const batches = this.errors.has(partition) ? [] : this.#batchesOf(asked, { left, first });
      const end = this.endOf(partition);
      if (batches.length > 0) first = false;
      left -= batches.reduce((sum, { length }) => sum + length, 0);
      const news = batches.length > 0 || this.errors.has(partition) || session.ends.get(partition) !== end;
      session.ends.set(partition, this.errors.has(partition) ? -1 : end);
      return whole || news ? [{ partition, batches, end }] : [];
    });
    return writer.array(parts, ({ partition, batches, end }) => {
      const bytes = batches.reduce((sum, { length }) => sum + length, 0);
      this.sentBytes += bytes;
      writer.string("t").int32(1).int32(partition).int16(this.errors.get(partition) ?? 0);
      writer.int64(end + (this.heldBack.get(partition) ?? 0)).int64(end).int64(0).int32(0).int32(-1).int32(bytes);
      for (const batch of batches) writer.raw(batch);
    }).finish();
  }

  #sessionOf({ sessionId, epoch, asked, forgotten }: FetchSeen): Session | null {
    const whole = new Map(asked.map((one) => [one.partition, one]));
    if (epoch < 0) return { epoch, partitions: whole, ends: new Map() };
    if (epoch === 0) {
      this.#sessions.delete(sessionId);
      const session = { epoch, partitions: whole, ends: new Map() };
      if (this.#keepsSessions) this.#sessions.set(++this.#lastId, session);
      return session;
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined || session.epoch + 1 !== epoch) return null;
    session.epoch = epoch;
    for (const partition of forgotten) session.partitions.delete(partition);
    for (const one of asked) session.partitions.set(one.partition, one);
    return session;
  }

  #idOf(session: Session): number {
    for (const [id, other] of this.#sessions) if (other === session) return id;
    return 0;
  }

  #hasNews({ partitions }: Session): boolean {
    return [...partitions.values()].some(({ partition, offset }) =>
      this.errors.has(partition) || this.endOf(partition) > offset
    );
  }

  #batchesOf(
    { partition, offset, bytesMax }: AskedPartition,
    { left, first }: { readonly left: number; readonly first: boolean },
  ): Uint8Array[] {
    const batches: Uint8Array[] = [];
    let bytes = 0;
    let base = 0;
    for (const batch of this.partitions[partition]) {
      base += batch.records;
      if (base <= offset) continue;
      if (bytes + batch.bytes.length > Math.min(left, bytesMax) && (!first || batches.length > 0)) break;
      batches.push(batch.bytes);
      bytes += batch.bytes.length;
    }
    return batches;
  }

  /** Offset that the next record gets. */
  endOf(partition: number): number {
    return this.partitions[partition].reduce((sum, batch) => sum + batch.records, 0);
  }
}

function requestOf(request: Uint8Array): FetchSeen & { readonly waitMs: number; readonly bytesMax: number } {
  const reader = new WireReader(request);
  reader.skip(4);
  const waitMs = reader.int32();
  reader.skip(4);
  const bytesMax = reader.int32();
  reader.skip(1);
  const sessionId = reader.int32();
  const epoch = reader.int32();
  const asked = reader.array(() => {
    reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      reader.skip(4);
      const offset = reader.int64();
      reader.skip(8);
      return { partition, offset, bytesMax: reader.int32() };
    })[0];
  });
  const forgotten = reader.array(() => {
    reader.string();
    return reader.array(() => reader.int32());
  }).flat();
  return { waitMs, bytesMax, sessionId, epoch, asked, forgotten };
}

interface PartitionShape {
  readonly batches: number;
  readonly records: number;
  readonly valueBytes: number;
  readonly from?: number;
  readonly compression?: "none" | "gzip" | "zstd";
}

/** A partition with so many batches of so many records each. */
export function partitionOf(
  { batches, records, valueBytes, from = 0, compression = "none" }: PartitionShape,
): Partition {
  return Array.from({ length: batches }, (_, batch) => {
    const values = Array.from({ length: records }, (_, index) => ({ key: `k${index}`, value: "v".repeat(valueBytes) }));
    const stamp = { producerId: -1, epoch: 0, baseSequence: 0 };
    const bytes = new Uint8Array(encodeRecordBatch(values, { stamp, compression, nowMs: 0 }));
    new DataView(bytes.buffer).setBigInt64(0, BigInt(from + batch * records));
    return { bytes, records };
  });
}
