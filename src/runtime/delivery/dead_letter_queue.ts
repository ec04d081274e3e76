import type { Clock } from "../../ports/clock.ts";
import type { DeadLetter, DeadLetters } from "../../ports/dead_letters.ts";
import type { Bytes, LogRecord, Position } from "../../ports/log.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { retry } from "../../ports/retry.ts";
import { digestOf } from "../../record/digest.ts";
import type { DeserializationError, ProcessorError } from "../../record/errors.ts";

const KEY_LENGTH_MAX = 1_024;
const RECORD_LENGTH_MAX = 65_536;
const WAITING_MAX = 10_000;
/** Letters remembered, so that a row which is refused at every evaluation is written once. */
const KNOWN_MAX = 10_000;
const RETRY_MS = 1_000;

/**
 * Collects dead letters of one topology and stores them in the background; nothing is dropped without being counted. A
 * letter like the last one of its operator and key is counted only.
 */
export class DeadLetterQueue {
  readonly #topology: string;
  readonly #ports: { clock: Clock; metrics: Metrics; deadLetters: DeadLetters };
  #waiting: DeadLetter[] = [];
  /** By stage, operator and key: a digest of the last letter. The oldest are forgotten. */
  readonly #known = new Map<string, number>();
  #running: Promise<void> | null = null;
  /** Resolves when the last try has failed. */
  #failed = Promise.withResolvers<void>();

  constructor(topology: string, ports: { clock: Clock; metrics: Metrics; deadLetters: DeadLetters }) {
    this.#topology = topology;
    this.#ports = ports;
  }

  /** A record that could not be read. */
  undecodable(read: { position: Position; record: LogRecord }, error: DeserializationError): void {
    const { position, record } = read;
    this.#add({
      stage: "decode",
      reason: error.reason,
      operator: position.topic,
      error: error.message,
      ...position,
      key: textOf(record.key, KEY_LENGTH_MAX),
      record: textOf(record.value, RECORD_LENGTH_MAX),
    });
  }

  /** A callback that threw, a row that does not fit its sink, or a value that cannot be sent to another task. */
  callback(error: ProcessorError): void {
    this.#add({
      stage: "callback",
      reason: error.reason,
      operator: error.operator,
      error: error.message,
      topic: null,
      partition: null,
      offset: null,
      key: error.key.slice(0, KEY_LENGTH_MAX),
      record: null,
    });
  }

  /** A row that ClickHouse refused. */
  refused(row: { sink: string; key: string; line: string }, error: Error): void {
    this.#add({
      stage: "sink",
      reason: "refused",
      operator: `sink ${row.sink}`,
      error: error.message,
      topic: null,
      partition: null,
      offset: null,
      key: row.key.slice(0, KEY_LENGTH_MAX),
      record: row.line.slice(0, RECORD_LENGTH_MAX),
    });
  }

  #add(letter: Omit<DeadLetter, "topology" | "timestampMs">): void {
    const { clock, metrics } = this.#ports;
    metrics.count(
      "weir_dead_letters_total",
      { topology: this.#topology, stage: letter.stage, reason: letter.reason },
      1,
    );
    if (this.#waiting.length >= WAITING_MAX || (letter.offset === null && this.#isKnown(letter))) return;
    this.#waiting.push({ topology: this.#topology, timestampMs: clock.nowMs(), ...letter });
    this.#running ??= this.#store();
  }

  #isKnown({ stage, operator, key, error, record }: Omit<DeadLetter, "topology" | "timestampMs">): boolean {
    const id = `${stage} ${operator} ${key}`;
    const digest = digestOf(`${error}\n${record}`);
    if (this.#known.get(id) === digest) return true;
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(id, digest);
    return false;
  }

  /** Resolves when everything added so far is stored, or cannot be. */
  async flush(): Promise<void> {
    if (this.#running !== null) await Promise.race([this.#running, this.#failed.promise]);
  }

  async #store(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await retry(() => this.#put(), {
        clock: this.#ports.clock,
        firstMs: RETRY_MS,
        lastMs: RETRY_MS,
        retriable: () => true,
        onState: (error) => {
          if (error === null) this.#failed = Promise.withResolvers();
          else this.#failed.resolve();
        },
      });
    }
    this.#running = null;
  }

  /** Stores whatever waits by now, which is more with every try. */
  async #put(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.#ports.deadLetters.put(batch);
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting].slice(0, WAITING_MAX);
      throw error;
    }
  }
}

function textOf(bytes: Bytes | null, length: number): string | null {
  if (bytes === null) return null;
  return typeof bytes === "string" ? bytes.slice(0, length) : new TextDecoder().decode(bytes.subarray(0, length));
}
