import { readWhatItIs, startOf } from "../../formats/changelog_fact.ts";
import type { LogRecord, NewRecord } from "../../ports/log.ts";
import { isResult } from "../../processor/stateful/result_of.ts";
import { ChangelogPass, type ChangelogPassOptions, REST } from "./changelog_pass.ts";
import type { StageLog } from "./stage_log.ts";

const LOOK_MS = 1_000;
/** Records whose keys are held at a time. */
const KEYS_MAX = 100_000;

/** What deleting results that go by age needs of the world. */
export interface StageRetentionOptions extends ChangelogPassOptions {
  /** What the task itself writes. */
  readonly stageLog: Pick<StageLog, "written">;
  /** It is read again when so many records more were written, and so large a share of those that stayed. */
  readonly staleRecordsMin: number;
  readonly staleShareMin: number;
  readonly onDeleted: (records: number) => void;
}

/**
 * Deletes from a changelog the results of windows that are beyond the horizon which stands in it, whoever wrote them,
 * also what says that there is none any more. It reads the changelog when about as much was written as it holds, so
 * that each record is read twice or so in its life, and nothing need be known of results between.
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
        const kept = await this.deleteBeyond();
        most = kept === null ? 0 : Math.max(staleRecordsMin, staleShareMin * kept);
        if (kept === null) await this.#pass.sleep(LOOK_MS);
      }
    });
  }

  /**
   * Reads all of the changelog, and deletes what is beyond. Resolves to how many records stay; null if it was stopped,
   * or the log was cut while it was read. @throws ProductionError
   */
  async deleteBeyond(): Promise<number | null> {
    let kept = 0;
    let next: number | null = null;
    do {
      const part = new Part(this.#options.plan);
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
  /** By key of the record: when the window of its result begins. */
  readonly #starts = new Map<string, number>();
  horizonUs = -Infinity;
  /** From this offset on there may be more; null: there is no more. */
  next: number | null = null;

  constructor(plan: ChangelogPassOptions["plan"]) {
    this.#plan = plan;
  }

  get size(): number {
    return this.#starts.size;
  }

  take(record: LogRecord): void {
    const read = readWhatItIs(this.#plan.changelog, record);
    switch (read.kind) {
      case "horizon":
        this.horizonUs = Math.max(this.horizonUs, read.horizon.atUs);
        return;
      case "removed":
        this.#starts.delete(textOf(record.key!));
        return;
      case "fact": {
        const { name, seq } = read.fact;
        if (!isResult(this.#plan.node, { seq })) return;
        const key = textOf(record.key!);
        if (this.#starts.size < KEYS_MAX || this.#starts.has(key)) this.#starts.set(key, startOf(name));
        else this.next ??= record.offset;
      }
    }
  }

  /** What says that these results are needed no more. */
  beyond(horizonUs: number): NewRecord[] {
    return [...this.#starts].flatMap(([key, startUs]) => startUs <= horizonUs ? [{ key, value: null }] : []);
  }
}

function textOf(bytes: string | Uint8Array): string {
  return typeof bytes === "string" ? bytes : decoder.decode(bytes);
}
