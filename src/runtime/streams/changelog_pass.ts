import type { StagePlan } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log, LogRecord, NewRecord } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import { PART_SHARE } from "./stage_log.ts";

const POLL_MS = 500;
/** Records that are taken in one turn. */
const TURN_RECORDS = 200;
/** How much longer it rests than it takes records: others have more to do. */
export const REST = 3;
/** Records of one append; each has its part of the pace. */
const APPEND_RECORDS = 500;

/** What reading and writing a changelog in the background needs of the world. */
export interface ChangelogPassOptions {
  readonly plan: StagePlan;
  readonly partition: number;
  readonly log: Pick<Log, "append" | "reader" | "offsets">;
  readonly clock: Clock;
  readonly messageBytesMax: number;
  /** The task has ended. */
  readonly stopped: () => boolean;
  /** It waits for the log (message), or goes on (null). */
  readonly onState: (problem: string | null) => void;
}

/** Reads a partition of a changelog, and writes into it, slowly and beside whatever its task does. */
export class ChangelogPass {
  readonly #options: ChangelogPassOptions;
  readonly #end = new AbortController();

  constructor(options: ChangelogPassOptions) {
    this.#options = options;
  }

  /** It ends soon. */
  stop(): void {
    this.#end.abort();
  }

  get stopped(): boolean {
    return this.#end.signal.aborted || this.#options.stopped();
  }

  /** Runs what may be stopped at any time. What the log refuses for good is a problem that is told. */
  async run(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      // The log may be closed by now.
      if (this.stopped) return;
      if (!(error instanceof ProductionError)) throw error;
      this.#options.onState(error.message);
    }
  }

  /** To the end that the changelog has then. Resolves to false if it was stopped, or must begin anew. */
  async read(from: number | null, take: (record: LogRecord) => void): Promise<boolean> {
    const { plan: { changelog }, partition, log, clock } = this.#options;
    const offsets = () => this.#patiently(() => log.offsets(changelog));
    const reader = log.reader();
    try {
      const first = await offsets();
      if (first === STOPPED) return false;
      let position = Math.max(from ?? 0, first.start[partition]);
      let target = first.end[partition];
      reader.seek(changelog, partition, position);
      while (position < target) {
        await clock.breathe();
        const fetched = await this.#patiently(() => reader.poll(POLL_MS));
        if (fetched === STOPPED || this.stopped) return false;
        for (const { records, nextOffset, outOfRange, problem } of fetched) {
          if (outOfRange !== undefined) return false;
          if (problem !== undefined) throw new ProductionError(problem, { retriable: true });
          for (let at = 0; at < records.length; at += TURN_RECORDS) {
            const startMs = clock.elapsedMs();
            for (const record of records.slice(at, at + TURN_RECORDS)) take(record);
            await clock.breathe();
            await this.sleep((clock.elapsedMs() - startMs) * REST);
          }
          position = nextOffset;
        }
        if (position < target) continue;
        // What was compacted away below the end of before may stand behind it.
        const last = await offsets();
        if (last === STOPPED) return false;
        target = last.end[partition];
      }
      return true;
    } finally {
      await reader.close();
    }
  }

  /**
   * In parts, with a pause behind each, in milliseconds. Resolves to false if it was stopped.
   * @throws ProductionError
   */
  async append(
    records: readonly NewRecord[],
    pause: (records: number, tookMs: number) => number,
  ): Promise<boolean> {
    const { plan: { changelog: topic }, partition, log, clock, messageBytesMax } = this.#options;
    for (const part of partsOf(records, messageBytesMax * PART_SHARE)) {
      const startMs = clock.elapsedMs();
      const done = await this.#patiently(() => log.append([{ topic, partition, records: part }]));
      if (done === STOPPED) return false;
      await this.sleep(pause(part.length, clock.elapsedMs() - startMs));
    }
    return !this.stopped;
  }

  #patiently<T>(action: () => Promise<T>): Promise<T | typeof STOPPED> {
    const { clock, onState } = this.#options;
    return retry(action, {
      clock,
      ...SERVICE_WAITS,
      onState: (error) => onState(error?.message ?? null),
      stopped: () => this.stopped,
    });
  }

  async sleep(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#end.signal);
  }
}

/** In their order, of about so many characters each. */
function partsOf(records: readonly NewRecord[], chars: number): NewRecord[][] {
  const made: NewRecord[][] = [];
  let size = Infinity;
  for (const record of records) {
    if (size >= chars || made.at(-1)!.length >= APPEND_RECORDS) {
      made.push([]);
      size = 0;
    }
    made.at(-1)!.push(record);
    size += record.key!.length + (record.value?.length ?? 0);
  }
  return made;
}
