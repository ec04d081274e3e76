import type { Fetched, LogRecord, Reader } from "../../ports/log.ts";
import type { SchemaCache } from "./schema_cache.ts";
import type { TopicDecoder, Waiting } from "./topic_decoder.ts";

/** How long a poll waits for a schema that was never asked for; longer ones are waited for beside it. */
const ASK_MS = 2_000;
/** Between two tries, and between two times that a problem is told. */
const AGAIN_MS = 1_000;
/** How soon a poll looks again whether something that it waits for is there. */
const LOOK_MS = 100;

/** A partition that is not read on until its next record can be read. */
interface Blocked {
  readonly topic: string;
  readonly partition: number;
  /** Of that record. */
  readonly offset: number;
  readonly endOffset: number;
  readonly waiting: Waiting;
  problem: string;
  /** `performance.now()` of the next try; Infinity while one is under way. */
  triedAtMs: number;
  toldAtMs: number;
}

/**
 * Gives a reader's records of encoded topics as JSON. A partition whose next record needs a schema that cannot be had
 * is stopped before that record, and sought again when it can: so nothing is skipped, and all others go on.
 */
export class DecodingReader implements Reader {
  readonly #inner: Reader;
  readonly #decoders: ReadonlyMap<string, TopicDecoder>;
  readonly #cache: SchemaCache;
  readonly #blocked = new Map<string, Blocked>();
  readonly #paused = new Set<string>();
  /** Counts seeks and stops of each partition: what was fetched before is of no use then. */
  readonly #moves = new Map<string, number>();

  constructor(
    inner: Reader,
    { decoders, cache }: { readonly decoders: ReadonlyMap<string, TopicDecoder>; readonly cache: SchemaCache },
  ) {
    [this.#inner, this.#decoders, this.#cache] = [inner, decoders, cache];
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#move(topic, partition);
    this.#inner.seek(topic, partition, offset);
  }

  stop(topic: string, partition: number): void {
    this.#move(topic, partition);
    this.#paused.delete(place(topic, partition));
    this.#inner.stop(topic, partition);
  }

  pause(topic: string, partition: number): void {
    this.#paused.add(place(topic, partition));
    if (!this.#blocked.has(place(topic, partition))) this.#inner.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#paused.delete(place(topic, partition));
    if (!this.#blocked.has(place(topic, partition))) this.#inner.resume(topic, partition);
  }

  async poll(waitMs: number): Promise<Fetched[]> {
    const told = this.#tend();
    const wait = told.length > 0 ? 0 : this.#blocked.size > 0 ? Math.min(waitMs, LOOK_MS) : waitMs;
    for (const part of await this.#inner.poll(wait)) {
      const decoder = this.#decoders.get(part.topic);
      if (decoder === undefined || part.records.length === 0) told.push(part);
      else await this.#decode(part, { decoder, into: told });
    }
    return told;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #move(topic: string, partition: number): void {
    const name = place(topic, partition);
    this.#moves.set(name, (this.#moves.get(name) ?? 0) + 1);
    this.#blocked.delete(name);
  }

  async #decode(
    part: Fetched,
    { decoder, into }: { readonly decoder: TopicDecoder; readonly into: Fetched[] },
  ): Promise<void> {
    const { topic, partition } = part;
    const name = place(topic, partition);
    // Fetched before its partition was stopped.
    if (this.#blocked.has(name)) return;
    const moves = this.#moves.get(name);
    const records: LogRecord[] = [];
    for (const record of part.records) {
      let decoded = decoder.decode(record);
      // Key and value have a schema each.
      for (let asked = 0; asked < 2 && "schema" in decoded; asked++) {
        const problem = await this.#ask(decoded.schema);
        if (this.#moves.get(name) !== moves) return;
        if (problem !== null) {
          this.#block(part, { record, records, waiting: decoded, problem, into });
          return;
        }
        decoded = decoder.decode(record);
      }
      if (!("record" in decoded)) {
        const problem = "problem" in decoded ? decoded.problem : `Waiting for schema ${decoded.schema}`;
        this.#block(part, { record, records, waiting: decoded, problem, into });
        return;
      }
      records.push(decoded.record);
    }
    into.push({ ...part, records });
  }

  /** Null when the schema is known. */
  async #ask(id: number): Promise<string | null> {
    const waiting = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => waiting.resolve(`Waiting for the schema registry to give schema ${id}`),
      ASK_MS,
    );
    try {
      return await Promise.race([this.#cache.ask(id).then(() => null), waiting.promise]);
    } catch (error) {
      return (error as Error).message;
    } finally {
      clearTimeout(timer);
    }
  }

  #block(
    part: Fetched,
    { record, records, waiting, problem, into }: {
      readonly record: LogRecord;
      readonly records: readonly LogRecord[];
      readonly waiting: Waiting;
      readonly problem: string;
      readonly into: Fetched[];
    },
  ): void {
    const { topic, partition, endOffset } = part;
    const { offset } = record;
    this.#inner.stop(topic, partition);
    const now = performance.now();
    const blocked = { topic, partition, offset, endOffset, waiting, problem, triedAtMs: now + AGAIN_MS, toldAtMs: now };
    this.#blocked.set(place(topic, partition), blocked);
    if (records.length > 0) into.push({ ...part, records, nextOffset: offset });
    into.push(toldPart(blocked));
  }

  /** Seeks what can be read on, tries the rest again; what is to be told of it. */
  #tend(): Fetched[] {
    const told: Fetched[] = [];
    const now = performance.now();
    for (const [name, blocked] of this.#blocked) {
      const { topic, partition, offset, waiting } = blocked;
      if ("schema" in waiting) {
        if (this.#cache.find(waiting.schema) !== null) {
          this.#blocked.delete(name);
          this.#inner.seek(topic, partition, offset);
          if (this.#paused.has(name)) this.#inner.pause(topic, partition);
          continue;
        }
        if (now >= blocked.triedAtMs) this.#tryAgain(blocked, waiting.schema);
      }
      if (this.#paused.has(name) || now < blocked.toldAtMs + AGAIN_MS) continue;
      blocked.toldAtMs = now;
      told.push(toldPart(blocked));
    }
    return told;
  }

  #tryAgain(blocked: Blocked, id: number): void {
    blocked.triedAtMs = Infinity;
    this.#cache.ask(id).catch((error: Error) => {
      blocked.problem = error.message;
    }).finally(() => blocked.triedAtMs = performance.now() + AGAIN_MS);
  }
}

function place(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function toldPart({ topic, partition, offset, endOffset, problem }: Blocked): Fetched {
  return { topic, partition, fromOffset: offset, records: [], nextOffset: offset, endOffset, problem };
}
