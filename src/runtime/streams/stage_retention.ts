import {
  type FactHead,
  isFormerOwner,
  type OwnerPlace,
  readFact,
  readWhatItIs,
  startOf,
  type UnreadFact,
} from "../../formats/changelog_fact.ts";
import { goByChange } from "../../plan/retention.ts";
import type { LogRecord, NewRecord } from "../../ports/log.ts";
import { ageOf, isResult } from "../../processor/stateful/result_of.ts";
import { ChangelogPass, type ChangelogPassOptions, REST } from "./changelog_pass.ts";
import type { StageLog } from "./stage_log.ts";

const LOOK_MS = 1_000;
/** Records whose keys are held at a time. */
const KEYS_MAX = 100_000;

/** What deleting results that go by age needs of the world. */
export interface StageRetentionOptions extends ChangelogPassOptions {
  /** What the task itself writes. */
  readonly stageLog: Pick<StageLog, "written" | "place" | "durableTo" | "rename">;
  /** It is read again when so many records more were written, and so large a share of those that stayed. */
  readonly staleRecordsMin: number;
  readonly staleShareMin: number;
  readonly onDeleted: (records: number) => void;
}

/**
 * Deletes from a changelog the results of windows that are beyond the horizon which stands in it, whoever wrote them,
 * also what says that there is none any more. It reads the changelog when about as much was written as it holds, so
 * that each record is read twice or so in its life, and nothing need be known of results between.
 *
 * A session that is beyond may be there again, if a later one grows so far back, and under the same key. So of sessions
 * nothing is deleted that the task may still write: before each look it takes another name, and what stands under
 * earlier ones is looked at. Of former starts nothing is deleted before what they may write late is there otherwise.
 */
export class StageRetention {
  readonly #options: StageRetentionOptions;
  readonly #pass: ChangelogPass;
  /** Windows that began until then are beyond. It only grows, so that one of the last pass counts as well. */
  #horizonUs = -Infinity;

  constructor(options: StageRetentionOptions) {
    this.#options = options;
    this.#pass = new ChangelogPass(options);
  }

  /** It ends soon. */
  stop(): void {
    this.#pass.stop();
  }

  /** Resolves when it was stopped. What the log refuses for good is a problem that is told. */
  async run(): Promise<void> {
    const { stageLog, staleRecordsMin, staleShareMin } = this.#options;
    await this.#pass.run(async () => {
      let written = stageLog.written;
      let most = staleRecordsMin;
      while (!this.#pass.stopped) {
        if (stageLog.written - written < most) {
          await this.#pass.sleep(LOOK_MS);
          continue;
        }
        written = stageLog.written;
        const kept = await this.#isReady() ? await this.deleteBeyond() : null;
        most = kept === null ? 0 : Math.max(staleRecordsMin, staleShareMin * kept);
        if (kept === null) await this.#pass.sleep(LOOK_MS);
      }
    });
  }

  /** Whether nothing is written any more under the names that are to be looked at. */
  async #isReady(): Promise<boolean> {
    const { stageLog, plan: { node } } = this.#options;
    if (!goByChange(node)) return true;
    const { number, begun } = stageLog.place;
    if (stageLog.durableTo <= begun) return false;
    stageLog.rename();
    while (!this.#pass.stopped && stageLog.place.number === number) await this.#pass.sleep(LOOK_MS);
    return !this.#pass.stopped;
  }

  /**
   * Reads all of the changelog, and deletes what is beyond. Resolves to how many records stay; null if it was stopped,
   * or the log was cut while it was read. @throws ProductionError
   */
  async deleteBeyond(): Promise<number | null> {
    let kept = 0;
    let next: number | null = null;
    const { plan, stageLog: { place } } = this.#options;
    do {
      const part = new Part(plan, place);
      if (!await this.#pass.read(next, (record) => part.take(record))) return null;
      this.#horizonUs = Math.max(this.#horizonUs, part.horizonUs);
      const tombstones = part.beyond(this.#horizonUs);
      kept += part.size - tombstones.length;
      next = part.next;
      if (!await this.#pass.append(tombstones, (_, tookMs) => tookMs * REST)) return null;
      if (tombstones.length > 0) this.#options.onDeleted(tombstones.length);
    } while (next !== null);
    return kept;
  }
}

const decoder = new TextDecoder();

/** Results of a changelog from an offset on, by the keys of their records, up to a bound. */
class Part {
  readonly #plan: ChangelogPassOptions["plan"];
  /** Of sessions: those who began before, or wrote under an earlier name, write nothing any more that counts. */
  readonly #present: OwnerPlace;
  readonly #byChange: boolean;
  /** By key of the record: the age of its result; Infinity for one that may be written again. */
  readonly #ages = new Map<string, number>();
  /** Of sessions: heads of the present start, by key. */
  readonly #heads = new Map<string, Pick<FactHead, "owner" | "to">>();
  horizonUs = -Infinity;
  /** From this offset on there may be more; null: there is no more. */
  next: number | null = null;

  constructor(plan: ChangelogPassOptions["plan"], present: OwnerPlace) {
    this.#plan = plan;
    this.#present = present;
    this.#byChange = goByChange(plan.node);
  }

  get size(): number {
    return this.#ages.size;
  }

  take(record: LogRecord): void {
    const read = readWhatItIs(this.#plan.changelog, record);
    switch (read.kind) {
      case "horizon":
        this.horizonUs = Math.max(this.horizonUs, read.horizon.atUs);
        return;
      case "removed":
        this.#ages.delete(textOf(record.key!));
        this.#heads.delete(textOf(record.key!));
        return;
      case "head": {
        if (!this.#byChange) return;
        const ofFormerStart = isFormerOwner(read.head.owner, { ...this.#present, number: 0 });
        if (!ofFormerStart) this.#heads.set(textOf(record.key!), read.head);
        return;
      }
      case "fact": {
        if (!isResult(this.#plan.node, read.fact)) return;
        const key = textOf(record.key!);
        if (this.#ages.size < KEYS_MAX || this.#ages.has(key)) this.#ages.set(key, this.#ageOf(read.fact));
        else this.next ??= record.offset;
      }
    }
  }

  #ageOf(fact: UnreadFact): number {
    if (!this.#byChange) return startOf(fact.name);
    if (!isFormerOwner(fact.owner, this.#present)) return Infinity;
    return ageOf(this.#plan.node, readFact(this.#plan.changelog, fact));
  }

  /** What says that these results, and heads of earlier names but the greatest, are needed no more. */
  beyond(horizonUs: number): NewRecord[] {
    const results = [...this.#ages].filter(([, ageUs]) => ageUs <= horizonUs);
    // Names of one start follow each other, so the last one is the greatest.
    const heads = [...this.#heads].sort(([, a], [, b]) => a.to - b.to).slice(0, -1)
      .filter(([, { owner }]) => isFormerOwner(owner, this.#present));
    return [...results, ...heads].map(([key]) => ({ key, value: null }));
  }
}

function textOf(bytes: string | Uint8Array): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}
