import type { Clock } from "../../ports/clock.ts";
import type { Bytes, Fetched, Log, NewRecord, Reader } from "../../ports/log.ts";
import { type Correction, CORRECTIONS_TOPIC, decodeCorrection, encodeCorrection } from "../../record/correction.ts";
import { LimitError, ProductionError } from "../../record/errors.ts";
import { CorrectionBook, type CorrectionSource } from "../globals/corrections.ts";

const POLL_MS = 250;
const RETRY_MS = 1_000;
/** So often it is looked whether there are any, while there are none. */
const LOOK_MS = 10_000;
/** All corrections of a log are in memory: so many, and so many characters of them, at most. */
const CORRECTIONS_MAX = 50_000;
const CHARS_MAX = 256 * 2 ** 20;
/** Whoever writes waits so long for them to be read. */
const REACHED_MS_MAX = 10_000;
/** Characters that go into one append. */
const APPEND_CHARS = 2 ** 20;

/** A topology that reads sources, and so what corrects them. */
export interface CorrectionUser {
  /** Corrections cannot be read at the moment, and why; or they can be again. */
  problem(problem: string | null): void;
  failed(error: Error): void;
}

/** What the corrections of a log are read with. */
export interface CorrectionPlace {
  readonly log: Log;
  readonly clock: Clock;
  /** Largest record that the topic takes, if it must be made. */
  readonly messageBytesMax: number;
}

/**
 * The corrections of one log, as all topologies of a process know them: the topic is read whole before the first of
 * them reads a source, and followed from then on. Without such a topic nothing is read; it is made with the first
 * correction.
 */
export class CorrectionLog {
  readonly #book = new CorrectionBook();
  readonly #place: CorrectionPlace;
  readonly #users = new Set<CorrectionUser>();
  readonly #onEnd: () => void;
  readonly #ended = new AbortController();
  /** All that was there when it was looked first is known. */
  readonly #known = Promise.withResolvers<void>();
  #wake = new AbortController();
  #reader: Reader | null = null;
  /** Read so far, and how far that must be for {@link CorrectionLog.#known}. */
  #position = 0;
  #target = 0;
  #waiting: { readonly position: number; readonly resolve: () => void }[] = [];
  #count = 0;
  #chars = 0;
  #running: Promise<void> | null = null;

  /** `onEnd`: nobody can join any more. */
  constructor(place: CorrectionPlace, onEnd: () => void) {
    this.#place = place;
    this.#onEnd = onEnd;
  }

  /** What is known of them. */
  get source(): CorrectionSource {
    return this.#book;
  }

  /** Resolves when all that there are are known, or when nobody uses them any more. */
  async join(user: CorrectionUser): Promise<void> {
    this.#users.add(user);
    this.#running ??= this.#run().catch((error) => {
      for (const one of this.#users) one.failed(error);
    });
    await this.#known.promise;
  }

  /** Resolves when nothing is read any more, if it was the last one. */
  async leave(user: CorrectionUser): Promise<void> {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#onEnd();
    this.#ended.abort();
    this.#wake.abort();
    this.#known.resolve();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await this.#reader?.close();
    await this.#running;
  }

  /**
   * Writes corrections. Resolves when they are durable and all readers of this process have them, or have not read them
   * in time; what was acknowledged counts whatever happens then.
   * @throws ProductionError when the log refuses them. @throws LimitError when there are too many
   */
  async record(corrections: readonly Correction[]): Promise<void> {
    const { log, messageBytesMax } = this.#place;
    const records = corrections.map(encodeCorrection);
    const chars = records.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    if (this.#count + records.length > CORRECTIONS_MAX || this.#chars + chars > CHARS_MAX) {
      throw new LimitError(
        "corrections",
        `Cannot keep more than ${CORRECTIONS_MAX} corrections, or ${CHARS_MAX} characters of them: there are ` +
          `${this.#count} (${this.#chars}). Correct the rows in their database: a later record needs no correction`,
      );
    }
    const topic = CORRECTIONS_TOPIC;
    await log.createTopic({ name: topic, partitions: 1, cleanup: "delete", retentionMs: -1, messageBytesMax });
    let end = 0;
    for (const part of partsOf(records)) {
      const [first] = await log.append([{ topic, partition: 0, records: part }]);
      end = first + part.length;
    }
    this.#wake.abort();
    await Promise.race([this.#reached(end), this.#place.clock.sleep(REACHED_MS_MAX, this.#ended.signal)]);
  }

  #reached(position: number): Promise<void> {
    if (this.#position >= position || this.#ended.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ position, resolve });
    return promise;
  }

  async #run(): Promise<void> {
    const { clock } = this.#place;
    while (!this.#ended.signal.aborted) {
      // Before anything is looked at: who wakes it meanwhile must not be waited out.
      const { signal } = this.#wake = new AbortController();
      try {
        if (this.#reader === null && !await this.#find()) {
          this.#tell(null);
          this.#known.resolve();
          if (!this.#ended.signal.aborted) await clock.sleep(LOOK_MS, signal);
          continue;
        }
        const parts = await this.#reader!.poll(POLL_MS);
        for (const part of parts) this.#take(part);
        this.#tell(parts.find(({ problem }) => problem !== undefined)?.problem ?? null);
        if (this.#position >= this.#target) this.#known.resolve();
      } catch (error) {
        if (!(error instanceof ProductionError)) throw error;
        if (this.#ended.signal.aborted) return;
        this.#tell(error.message);
        if (!error.retriable) this.#reader?.seek(CORRECTIONS_TOPIC, 0, this.#position);
        await clock.sleep(RETRY_MS, this.#ended.signal);
      }
    }
  }

  /** Begins to read; false: there are none. */
  async #find(): Promise<boolean> {
    const { log } = this.#place;
    if (!(await log.topics([CORRECTIONS_TOPIC])).has(CORRECTIONS_TOPIC)) return false;
    const { start, end } = await log.offsets(CORRECTIONS_TOPIC);
    if (this.#ended.signal.aborted) return false;
    this.#target = end[0];
    this.#position = start[0];
    this.#reader = log.reader();
    this.#reader.seek(CORRECTIONS_TOPIC, 0, start[0]);
    return true;
  }

  #take({ records, nextOffset, outOfRange, problem }: Fetched): void {
    if (problem !== undefined) return;
    if (outOfRange !== undefined) {
      // Somebody has made the topic again. What is known counts until all start anew.
      this.#position = outOfRange.startOffset;
      return this.#reader!.seek(CORRECTIONS_TOPIC, 0, outOfRange.startOffset);
    }
    for (const { key, value } of records) {
      const correction = key === null || value === null ? null : decodeCorrection(textOf(key), textOf(value));
      if (correction === null) continue;
      this.#count++;
      this.#chars += key!.length + value!.length;
      this.#book.add(correction);
    }
    this.#position = nextOffset;
    const reached = this.#waiting.filter(({ position }) => position <= nextOffset);
    this.#waiting = this.#waiting.filter(({ position }) => position > nextOffset);
    for (const { resolve } of reached) resolve();
  }

  #tell(problem: string | null): void {
    const text = problem === null ? null : `Corrections of dead letters cannot be read: ${problem}`;
    for (const user of this.#users) user.problem(text);
  }
}

function* partsOf(records: readonly { readonly key: string; readonly value: string }[]): Generator<NewRecord[]> {
  let part: NewRecord[] = [];
  let chars = 0;
  for (const record of records) {
    const own = record.key.length + record.value.length;
    if (part.length > 0 && chars + own > APPEND_CHARS) {
      yield part;
      part = [];
      chars = 0;
    }
    part.push(record);
    chars += own;
  }
  if (part.length > 0) yield part;
}

const decoder = new TextDecoder();

function textOf(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}

/** By what stands for a process: the corrections that are in use in it. */
const processes = new WeakMap<object, CorrectionLog>();

/** The corrections as this process reads them; whoever asks joins them in the same turn. */
export function correctionLog({ process, ...place }: CorrectionPlace & { readonly process: object }): CorrectionLog {
  return processes.getOrInsertComputed(process, () => {
    const made: CorrectionLog = new CorrectionLog(place, () => {
      if (processes.get(process) === made) processes.delete(process);
    });
    return made;
  });
}
