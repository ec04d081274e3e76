import type { FollowedLetters } from "../local/followed_letters.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Fetched, Log, Reader } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import { decodeChange, lettersTopic } from "./letter_record.ts";

const POLL_MS = 250;
const RETRY_MS = 1_000;
/** Whoever waits for what was written waits so long. */
const REACHED_MS_MAX = 10_000;

/** One topic that is followed. */
interface Followed {
  readonly topology: string;
  topicId: string | null;
  /** Up to where the file has it. */
  position: number;
}

/** Somebody who waits until the file has a topic up to a position. */
interface Waiting {
  readonly topic: string;
  readonly position: number;
  readonly resolve: () => void;
}

/** What follows topics of letters into a file. */
interface LetterFollowerOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly file: FollowedLetters;
  readonly onProblem: (problem: string | null) => void;
}

/** Follows the topics of topologies, each from where the file stands, and writes into the file what they tell. */
export class LetterFollower {
  readonly #options: LetterFollowerOptions;
  /** By topic. */
  readonly #followed = new Map<string, Followed>();
  /** By topology: resolves when what was there when it was looked first is in the file. */
  readonly #begun = new Map<string, Promise<void>>();
  #waiting: Waiting[] = [];
  readonly #ended = new AbortController();
  #reader: Reader | null = null;
  #running: Promise<void> | null = null;
  #problem: string | null = null;

  constructor(options: LetterFollowerOptions) {
    this.#options = options;
  }

  /**
   * Follows a topology's topic, which is there, from now on. Resolves when the file has what the topic held.
   * @throws ProductionError, retriable, when that cannot be read in time
   */
  async follow(topology: string): Promise<void> {
    const begun = this.#begun.getOrInsertComputed(topology, () => this.#begin(topology));
    try {
      await begun;
    } catch (error) {
      if (this.#begun.get(topology) === begun) this.#begun.delete(topology);
      throw error;
    }
  }

  /** Resolves when the file has the topic up to `position`. @throws ProductionError, retriable, if it takes too long */
  async reached(topology: string, position: number): Promise<void> {
    const topic = lettersTopic(topology);
    if (this.#followed.get(topic)!.position >= position) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ topic, position, resolve });
    const { clock } = this.#options;
    const waited = new AbortController();
    const ended = AbortSignal.any([waited.signal, this.#ended.signal]);
    const inTime = await Promise.race([promise.then(() => true), clock.sleep(REACHED_MS_MAX, ended).then(() => false)]);
    waited.abort();
    if (inTime) return;
    this.#waiting = this.#waiting.filter((one) => one.resolve !== resolve);
    throw new ProductionError(
      `Cannot read topic "${topic}" up to ${position}: current position is ${this.#followed.get(topic)?.position}` +
        (this.#problem === null ? "" : ` (${this.#problem})`),
      { retriable: true },
    );
  }

  /** Resolves when nothing is read any more. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#reader?.close();
    await this.#running;
  }

  async #begin(topology: string): Promise<void> {
    const { log, file } = this.#options;
    const topic = lettersTopic(topology);
    const [description, { start, end }] = [(await log.topics([topic])).get(topic), await log.offsets(topic)];
    if (this.#ended.signal.aborted) return;
    const topicId = description?.id ?? null;
    const position = file.begin({ topology, topicId, start: start[0], end: end[0] });
    this.#followed.set(topic, { topology, topicId, position });
    this.#reader ??= log.reader();
    this.#reader.seek(topic, 0, position);
    this.#running ??= this.#run();
    await this.reached(topology, end[0]);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#ended.signal.aborted) {
      try {
        const parts = await this.#reader!.poll(POLL_MS);
        if (this.#ended.signal.aborted) return;
        for (const part of parts) this.#take(part);
        this.#tell(parts.find(({ problem }) => problem !== undefined)?.problem ?? null);
      } catch (error) {
        if (!(error instanceof ProductionError)) throw error;
        if (this.#ended.signal.aborted) return;
        this.#tell(error.message);
        // What was read may not be in the file.
        for (const [topic, { position }] of this.#followed) this.#reader!.seek(topic, 0, position);
        await clock.sleep(RETRY_MS, this.#ended.signal);
      }
    }
  }

  #take({ topic, records, fromOffset, nextOffset, outOfRange, problem }: Fetched): void {
    const followed = this.#followed.get(topic);
    if (followed === undefined || problem !== undefined) return;
    if (outOfRange !== undefined) {
      const { topology, topicId } = followed;
      const { startOffset: start, endOffset: end } = outOfRange;
      followed.position = this.#options.file.begin({ topology, topicId, start, end });
      return this.#reader!.seek(topic, 0, followed.position);
    }
    if (fromOffset !== followed.position) return;
    const { topology, topicId } = followed;
    const changes = records.flatMap((record) => {
      const change = decodeChange(record, topology);
      return change === null ? [] : [[record.offset, change] as const];
    });
    this.#options.file.apply({ topology, topicId, changes, next: nextOffset });
    followed.position = nextOffset;
    const has = (one: Waiting) => one.topic === topic && one.position <= nextOffset;
    for (const one of this.#waiting) if (has(one)) one.resolve();
    this.#waiting = this.#waiting.filter((one) => !has(one));
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem === null ? null : `Dead letters of other instances cannot be read: ${problem}`);
  }
}
