import { ownerName } from "../../formats/changelog_fact.ts";
import type { Random } from "../../ports/clock.ts";
import { ChangelogPass, type ChangelogPassOptions } from "./changelog_pass.ts";
import type { StageLog } from "./stage_log.ts";
import { type CleaningStep, StageRemains } from "./stage_remains.ts";

/** Until what is written is behind all that former owners can have written. */
const LOOK_MS = 1_000;

/** What cleaning needs of the world. */
export interface StageCleanerOptions extends ChangelogPassOptions {
  readonly random: Random;
  /** What the task itself writes. */
  readonly stageLog: Pick<StageLog, "place" | "durableTo">;
  readonly cleanAfterMs: number;
  readonly cleanRecordsPerSecond: number;
  readonly onCleaned: (cleaned: { readonly deleted: number; readonly copied: number; readonly ms: number }) => void;
}

/**
 * Deletes what former owners have left in a changelog, beside whatever the task does: part by part, and slowly. What
 * nobody else says is written anew first, as it was, so that nothing is lost wherever it ends; a later start goes on.
 */
export class StageCleaner {
  readonly #options: StageCleanerOptions;
  readonly #pass: ChangelogPass;

  constructor(options: StageCleanerOptions) {
    this.#options = options;
    this.#pass = new ChangelogPass(options);
  }

  /** It ends soon. */
  stop(): void {
    this.#pass.stop();
  }

  /** Resolves when everything is clean, or it was stopped. What the log refuses for good is a problem that is told. */
  async run(): Promise<void> {
    const { clock, cleanAfterMs, onCleaned } = this.#options;
    await this.#pass.run(async () => {
      await this.#pass.sleep(cleanAfterMs);
      const startMs = clock.elapsedMs();
      const done = await this.#clean();
      if (done !== null) onCleaned({ ...done, ms: clock.elapsedMs() - startMs });
    });
  }

  /** Resolves to null if it was stopped. */
  async #clean(): Promise<{ readonly deleted: number; readonly copied: number } | null> {
    const { stageLog, random } = this.#options;
    let [deleted, copied, names] = [0, 0, 0];
    let from: number | null = null;
    while (!this.#pass.stopped) {
      const { place } = stageLog;
      if (stageLog.durableTo <= place.begun) {
        await this.#pass.sleep(LOOK_MS);
        continue;
      }
      const remains = new StageRemains(this.#options.plan, place);
      if (!await this.#pass.read(from, (record) => remains.take(record)) || !remains.mayGo) {
        await this.#pass.sleep(LOOK_MS);
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
    const pause = (records: number) => records / this.#options.cleanRecordsPerSecond * 1_000;
    return await this.#pass.append(copies, pause) && await this.#pass.append(tombstones, pause);
  }
}
