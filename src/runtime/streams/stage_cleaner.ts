import { ownerName } from "../../formats/changelog_fact.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { Clock, Random } from "../../ports/clock.ts";
import type { Log, NewRecord } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import { PART_SHARE, type StageLog } from "./stage_log.ts";
import { type CleaningStep, StageRemains } from "./stage_remains.ts";

const POLL_MS = 500;
/** Records that are taken in one turn. */
const TURN_RECORDS = 200;
/** How much longer it rests than it takes records: others have more to do. */
const REST = 3;
/** Until what is written is behind all that former owners can have written. */
const LOOK_MS = 1_000;
/** Records of one append; each has its part of the pace. */
const APPEND_RECORDS = 500;

/** What cleaning needs of the world. */
export interface StageCleanerOptions {
  readonly plan: StagePlan;
  readonly partition: number;
  readonly log: Pick<Log, "append" | "reader" | "offsets">;
  readonly clock: Clock;
  readonly random: Random;
  /** What the task itself writes. */
  readonly stageLog: Pick<StageLog, "place" | "durableTo">;
  readonly messageBytesMax: number;
  readonly cleanAfterMs: number;
  readonly cleanRecordsPerSecond: number;
  /** The task has ended. */
  readonly stopped: () => boolean;
  /** Cleaning waits for the log (message), or goes on (null). */
  readonly onState: (problem: string | null) => void;
  readonly onCleaned: (cleaned: { readonly deleted: number; readonly copied: number; readonly ms: number }) => void;
}

/**
 * Deletes what former owners have left in a changelog, beside whatever the task does: part by part, and slowly. What
 * nobody else says is written anew first, as it was, so that nothing is lost wherever it ends; a later start goes on.
 */
export class StageCleaner {
  readonly #options: StageCleanerOptions;
  readonly #end = new AbortController();

  constructor(options: StageCleanerOptions) {
    this.#options = options;
  }

  /** It ends soon. */
  stop(): void {
    this.#end.abort();
  }

  get #stopped(): boolean {
    return this.#end.signal.aborted || this.#options.stopped();
  }

  /** Resolves when everything is clean, or it was stopped. What the log refuses for good is a problem that is told. */
  async run(): Promise<void> {
    const { clock, cleanAfterMs, onState, onCleaned } = this.#options;
    try {
      await this.#sleep(cleanAfterMs);
      const startMs = clock.elapsedMs();
      const done = await this.#clean();
      if (done !== null) onCleaned({ ...done, ms: clock.elapsedMs() - startMs });
    } catch (error) {
      // The log may be closed by now.
      if (this.#stopped) return;
      if (!(error instanceof ProductionError)) throw error;
      onState(error.message);
    }
  }

  /** Resolves to null if it was stopped. */
  async #clean(): Promise<{ readonly deleted: number; readonly copied: number } | null> {
    const { stageLog, random } = this.#options;
    let [deleted, copied, names] = [0, 0, 0];
    let from: number | null = null;
    while (!this.#stopped) {
      const { place } = stageLog;
      if (stageLog.durableTo <= place.begun) {
        await this.#sleep(LOOK_MS);
        continue;
      }
      const remains = new StageRemains(this.#options.plan, place);
      if (!await this.#read(remains, from) || !remains.mayGo) {
        await this.#sleep(LOOK_MS);
        continue;
      }
      // The task may have something newer under its own name.
      const newName = () => `${ownerName(place, random.next())}-${++names}`;
      for (let step = remains.portion(newName()); step !== null; step = remains.portion(newName())) {
        if (!await this.apply(step)) return null;
        copied += step.copies.length;
        deleted += step.tombstones.length;
      }
      from = remains.next;
      if (from === null) return { deleted, copied };
    }
    return null;
  }

  /** Writes the copies, and when they are durable deletes what they are of. Resolves to false if it was stopped. */
  async apply({ copies, tombstones }: CleaningStep): Promise<boolean> {
    return await this.#append(copies) && await this.#append(tombstones);
  }

  /** To the end that the changelog has then. Resolves to false if it was stopped, or must begin anew. */
  async #read(remains: StageRemains, from: number | null): Promise<boolean> {
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
        const fetched = await this.#patiently(() => reader.poll(POLL_MS));
        if (fetched === STOPPED || this.#stopped) return false;
        for (const { records, nextOffset, outOfRange, problem } of fetched) {
          if (outOfRange !== undefined) return false;
          if (problem !== undefined) throw new ProductionError(problem, { retriable: true });
          for (let at = 0; at < records.length; at += TURN_RECORDS) {
            const startMs = clock.elapsedMs();
            for (const record of records.slice(at, at + TURN_RECORDS)) remains.take(record);
            await clock.breathe();
            await this.#sleep((clock.elapsedMs() - startMs) * REST);
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

  /** Record by record in time, however many there are. Resolves to false if it was stopped. @throws ProductionError */
  async #append(records: readonly NewRecord[]): Promise<boolean> {
    const { plan: { changelog: topic }, partition, log, messageBytesMax, cleanRecordsPerSecond } = this.#options;
    for (const part of partsOf(records, messageBytesMax * PART_SHARE)) {
      const done = await this.#patiently(() => log.append([{ topic, partition, records: part }]));
      if (done === STOPPED) return false;
      await this.#sleep(part.length / cleanRecordsPerSecond * 1_000);
    }
    return !this.#stopped;
  }

  #patiently<T>(action: () => Promise<T>): Promise<T | typeof STOPPED> {
    const { clock, onState } = this.#options;
    return retry(action, {
      clock,
      ...SERVICE_WAITS,
      onState: (error) => onState(error?.message ?? null),
      stopped: () => this.#stopped,
    });
  }

  async #sleep(ms: number): Promise<void> {
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
