import type { Clock } from "../../ports/clock.ts";
import type { Membership, Position } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import { type Announced, encodeNote } from "./stream_note.ts";

const RETRY = { firstMs: 100, lastMs: 5_000 };
/** An insert is not sent later than so long after its range was announced: it is announced again first. */
const ANNOUNCED_MS = 10_000;

/** The task must be begun anew: what it knows of its partition is not true any more. */
export class StreamBroken extends Error {}

/** What the log refuses for good ends a task's life; all else is a bug. @throws StreamBroken, or `error` */
export function broken(error: Error): never {
  throw error instanceof ProductionError ? new StreamBroken(error.message) : error;
}

/** Whose progress it is, and where it is kept. */
export interface StreamProgressOptions {
  readonly membership: Pick<Membership, "advance">;
  readonly tenure: string;
  readonly place: Pick<Position, "topic" | "partition">;
  readonly topicId: string | null;
  readonly clock: Clock;
  /** Nothing is committed any more. */
  readonly closed: () => boolean;
}

/**
 * How far a partition is worked off, as the group keeps it: a position below which everything was added, and a range
 * that is about to be. The group takes it from the owner alone, so a range that was announced is the owner's to add.
 */
export class StreamProgress {
  readonly #options: StreamProgressOptions;
  #offset: number;
  #announced: Announced | null = null;
  #atMs: number;

  /** `offset`: below which everything was added. */
  constructor(options: StreamProgressOptions, offset: number) {
    this.#options = options;
    this.#offset = offset;
    this.#atMs = options.clock.nowMs();
  }

  /**
   * Makes this member's own what was committed before it. `lost`: records that are gone.
   * @throws StreamBroken if the partition is somebody else's
   */
  begin(announced: Announced | null, lost: number): Promise<void> {
    return this.#commit(this.#offset, { announced, lost });
  }

  /** Since when nothing was committed, milliseconds since the epoch. */
  get atMs(): number {
    return this.#atMs;
  }

  /** Rows of the records from this offset on are about to be added; those below are there. @throws StreamBroken */
  announce(from: number, announced: Announced): Promise<void> {
    return this.#commit(from, { announced });
  }

  /** Announces again what was announced a while ago. @throws StreamBroken */
  async renew(): Promise<void> {
    const { clock } = this.#options;
    if (this.#announced === null || clock.nowMs() - this.#atMs <= ANNOUNCED_MS) return;
    await this.#commit(this.#offset, { announced: this.#announced });
  }

  /** Everything below was added, and nothing is announced. @throws StreamBroken */
  async settle(offset: number): Promise<void> {
    if (offset !== this.#offset || this.#announced !== null) await this.#commit(offset, { announced: null });
  }

  async #commit(
    offset: number,
    { announced, lost = 0 }: { readonly announced: Announced | null; readonly lost?: number },
  ): Promise<void> {
    const { membership, tenure, place, topicId, clock, closed } = this.#options;
    const progress = { ...place, offset, note: encodeNote({ topicId, announced, lost }) };
    const done = await retry(() => membership.advance(progress, tenure), { clock, ...RETRY, stopped: closed })
      .catch(broken);
    if (done === STOPPED) throw new StreamBroken("it is not this member's any more");
    this.#offset = offset;
    this.#announced = announced;
    this.#atMs = clock.nowMs();
  }
}
