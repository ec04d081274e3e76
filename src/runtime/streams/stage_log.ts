import { ownerName, type OwnerPlace } from "../../formats/changelog_fact.ts";
import type { StagePlan } from "../../plan/physical.ts";
import type { Clock, Random } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import { encodeWire } from "../../record/wire.ts";
import type { BatchFacts } from "./stage_facts.ts";
import { broken } from "./stream_progress.ts";

/**
 * Of what a topic takes at once, in characters, of which each may be three bytes; a part may be larger by what changed
 * of one key.
 */
export const PART_SHARE = 1 / 8;

/** What writing a stage's changelog needs of the world. */
export interface StageLogOptions {
  readonly plan: StagePlan;
  readonly partition: number;
  readonly log: Pick<Log, "append" | "truncateBefore">;
  readonly clock: Clock;
  readonly random: Random;
  /** Largest record that the changelog takes. */
  readonly messageBytesMax: number;
  /** Inputs that the changelog has are deleted so often. */
  readonly truncateEveryMs: number;
  readonly stopped: () => boolean;
  /** Where the start stands in the repartition topic. */
  readonly begun: number;
  /** The log does not take anything (message), or takes it again (null). */
  readonly onState: (problem: string | null) => void;
}

/**
 * Writes what a stage keeps into its changelog, under a name that nobody else has. Where it is not known whether
 * something was written, it may still come, and would hide what is newer under the same name: from there on another
 * name is used. Behind what is durable the inputs are deleted.
 */
export class StageLog {
  readonly #options: StageLogOptions;
  #place: OwnerPlace;
  #owner: string;
  #durableTo = -1;
  #written = 0;
  #truncatedMs: number;
  #writing = false;
  #isToRename = false;

  constructor(options: StageLogOptions) {
    this.#options = options;
    this.#place = { begun: options.begun, number: 0 };
    this.#owner = ownerName(this.#place, options.random.next());
    this.#truncatedMs = options.clock.nowMs();
  }

  /** Of the name under which it writes: what is written under earlier ones is behind {@link durableTo}. */
  get place(): OwnerPlace {
    return this.#place;
  }

  /** How many records it has written. */
  get written(): number {
    return this.#written;
  }

  /** Up to where facts are durable; -1 before any was written. */
  get durableTo(): number {
    return this.#durableTo;
  }

  /** From now on, or from the end of what is being written on, it writes under another name. */
  rename(): void {
    if (this.#writing) this.#isToRename = true;
    else this.#rename();
  }

  /** What was sent under the name that it had may still come. */
  #rename(): void {
    this.#isToRename = false;
    this.#place = { ...this.#place, number: this.#place.number + 1 };
    this.#owner = ownerName(this.#place, this.#options.random.next());
  }

  /** `from`: inputs before it are needed no more. Resolves to false if it was stopped. @throws StreamBroken */
  async write(facts: BatchFacts, from: number): Promise<boolean> {
    const { plan: { changelog: topic }, partition, log, clock, truncateEveryMs, messageBytesMax } = this.#options;
    const { stopped, onState } = this.#options;
    const batches = facts.parts({ owner: this.#owner, chars: messageBytesMax * PART_SHARE })
      .map((records) => ({ topic, partition, records, whole: true as const }));
    let failed = false;
    this.#writing = true;
    const done = await retry(() => log.append(batches), {
      clock,
      ...SERVICE_WAITS,
      onState: (error) => {
        failed ||= error !== null;
        onState(error?.message ?? null);
      },
      stopped,
    }).catch((error) => broken(this.#explained(error, facts)));
    if (done === STOPPED) return false;
    this.#written += batches.reduce((sum, { records }) => sum + records.length, 0);
    this.#durableTo = Math.max(this.#durableTo, facts.headTo ?? -1);
    this.#writing = false;
    if (failed || this.#isToRename) this.#rename();
    if (clock.nowMs() - this.#truncatedMs >= truncateEveryMs) await this.truncate(from);
    return true;
  }

  /** What the log does not take for its size is one key's: which one, and what lets the stage go on. */
  #explained(error: Error, facts: BatchFacts): Error {
    if (!(error instanceof ProductionError) || error.reason !== "too_large") return error;
    const { largest } = facts;
    if (largest === null) return error;
    const { plan: { changelog, node }, messageBytesMax } = this.#options;
    const { columns, bytes } = largest;
    const key = encodeWire(columns);
    const enough = Math.ceil(2 * bytes / 65_536) * 65_536;
    return new ProductionError(
      `Cannot write what stage "${node.name}" keeps of key ${key}: what changed of it at once must be stored at ` +
        `once, which are ${bytes} bytes, and changelog "${changelog}" takes less (WEIR_MESSAGE_BYTES_MAX is ` +
        `${messageBytesMax}). No event is lost, but this partition of the stage goes on only when that is raised: ` +
        `set WEIR_MESSAGE_BYTES_MAX=${enough} and start again, which raises the topic's max.message.bytes, too, if ` +
        `this user may alter it. The log says: ${error.message}`,
      { retriable: false, reason: "too_large", cause: error },
    );
  }

  /** Deletes inputs that are not needed any more. That it fails costs space and nothing else. */
  async truncate(offset: number): Promise<void> {
    const { plan: { repartition }, partition, log, clock } = this.#options;
    this.#truncatedMs = clock.nowMs();
    await log.truncateBefore(repartition, { partition, offset }).catch(() => {});
  }
}
