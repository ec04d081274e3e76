import type { Clock } from "../../ports/clock.ts";
import type { AppendBatch, Membership, Position, Progress } from "../../ports/log.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import type { FedOutputs } from "./fed_outputs.ts";
import { type Announced, encodeNote, NO_DIGEST } from "./stream_note.ts";
import type { TableClock } from "./table_clock.ts";

/** So long after a range was announced its rows may be sent. */
const DEADLINE_MS = 20_000;

/** The task must be begun anew: what it knows of its partition is not true any more. */
export class StreamBroken extends Error {}

/** What the log refuses for good ends a task's life; all else is a bug. @throws StreamBroken, or `error` */
export function broken(error: Error): never {
  throw error instanceof ProductionError ? new StreamBroken(error.message) : error;
}

/** Whose progress it is, and where it is kept. */
export interface StreamProgressOptions {
  readonly membership: Pick<Membership, "advance" | "transact">;
  readonly tenure: string;
  readonly place: Pick<Position, "topic" | "partition">;
  readonly topicId: string | null;
  /** What the partition's records go into. */
  readonly fed?: FedOutputs;
  readonly clock: Clock;
  readonly tableClock: Pick<TableClock, "nowMs">;
  /** The tables do not say what time it is (the error), or do again (null). */
  readonly onState: (error: Error | null) => void;
  /** Nothing is committed any more. */
  readonly closed: () => boolean;
}

/** Records that are committed with a position. */
interface WithRecords {
  readonly batches: readonly AppendBatch[];
  /** The log does not take them (the error), or does again (null). */
  readonly onState: (error: Error | null) => void;
}

/** A range that is announced, and until when. */
type Dated = Announced & { readonly deadlineMs: number };

/**
 * How far a partition is worked off, as the group keeps it: a position below which everything was added, and a range
 * that is about to be. The group takes it from the owner alone, so a range that was announced is the owner's to add.
 */
export class StreamProgress {
  readonly #options: StreamProgressOptions;
  #offset: number;
  #announced: Dated | null = null;
  #atMs: number;
  /** Announcements are made one after the other, so that a later one never has an earlier deadline. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `offset`: below which everything was added. */
  constructor(options: StreamProgressOptions, offset: number) {
    this.#options = options;
    this.#offset = offset;
    this.#atMs = options.clock.nowMs();
  }

  /**
   * Makes this member's own what was committed before it, which gives it no right to send any of it. `lost`: records
   * that are gone. @throws StreamBroken if the partition is somebody else's
   */
  async begin(announced: Announced | null, lost: number): Promise<void> {
    const dated = announced && { ...announced, deadlineMs: announced.deadlineMs ?? await this.#newDeadlineMs() };
    await this.#commit(this.#offset, { announced: dated, lost });
  }

  /** No insert of what is announced begins later, by the tables' clock; 0 if nothing is. */
  get deadlineMs(): number {
    return this.#announced?.deadlineMs ?? 0;
  }

  /** Since when nothing was committed, milliseconds since the epoch. */
  get atMs(): number {
    return this.#atMs;
  }

  /**
   * Rows of the records from this offset on are about to be added; those below are there. Resolves to the deadline
   * under which they may be sent. @throws StreamBroken
   */
  announce(from: number, { to, digest }: Omit<Announced, "deadlineMs">): Promise<number> {
    return this.#announce(() => ({ from, range: { to, digest }, earliestMs: 0 }));
  }

  /**
   * Announces once more what is announced; `mixed`: the rows to be added are not all of these. Resolves to the deadline
   * under which they may be sent now. @throws StreamBroken
   */
  announceAgain({ mixed }: { readonly mixed: boolean }): Promise<number> {
    return this.#announce(() => {
      const { to, digest, deadlineMs } = this.#announced!;
      // Nobody must wait for less than for what was sent under the earlier one.
      return { from: this.#offset, range: { to, digest: mixed ? NO_DIGEST : digest }, earliestMs: deadlineMs };
    });
  }

  #announce(
    what: () => { readonly from: number; readonly range: Omit<Announced, "deadlineMs">; readonly earliestMs: number },
  ): Promise<number> {
    const announced = this.#turn.then(async () => {
      const { from, range, earliestMs } = what();
      const deadlineMs = Math.max(await this.#newDeadlineMs(), earliestMs);
      await this.#commit(from, { announced: { ...range, deadlineMs } });
      return deadlineMs;
    });
    this.#turn = announced.catch(() => {});
    return announced;
  }

  /**
   * Everything below was added, and nothing is announced. Without effect while records are read again that are further
   * back: what is known to be there, or may be, stays known. @throws StreamBroken
   */
  async settle(offset: number): Promise<void> {
    if (offset < Math.max(this.#offset, this.#announced?.to ?? 0)) return;
    if (offset !== this.#offset || this.#announced !== null) await this.#commit(offset, { announced: null });
  }

  /**
   * Everything below was added once these records are there, with which that is committed: both or neither. Resolves to
   * false if it was stopped. @throws StreamBroken, ProductionError of reason "too_large"
   */
  async settleWith(offset: number, { batches, onState }: WithRecords): Promise<boolean> {
    const { membership, tenure, clock, closed } = this.#options;
    const progress = this.#progressAt(offset, { announced: null, lost: 0 });
    const transact = () => membership.transact(progress, { tenure, batches });
    const done = await retry(transact, { clock, ...SERVICE_WAITS, onState, stopped: closed })
      .catch((error) => {
        if (error instanceof ProductionError && error.reason === "too_large") throw error;
        return broken(error);
      });
    if (done === STOPPED) return false;
    this.#committed(offset, null);
    return true;
  }

  async #newDeadlineMs(): Promise<number> {
    const { tableClock, clock, onState, closed } = this.#options;
    const nowMs = await retry(() => tableClock.nowMs(), { clock, ...SERVICE_WAITS, onState, stopped: closed }).catch(
      broken,
    );
    if (nowMs === STOPPED) throw new StreamBroken("it is not this member's any more");
    return nowMs + DEADLINE_MS;
  }

  async #commit(
    offset: number,
    { announced, lost = 0 }: { readonly announced: Dated | null; readonly lost?: number },
  ): Promise<void> {
    const { membership, tenure, clock, closed } = this.#options;
    const progress = this.#progressAt(offset, { announced, lost });
    const done = await retry(() => membership.advance(progress, tenure), { clock, ...SERVICE_WAITS, stopped: closed })
      .catch(broken);
    if (done === STOPPED) throw new StreamBroken("it is not this member's any more");
    this.#committed(offset, announced);
  }

  #progressAt(
    offset: number,
    { announced, lost }: { readonly announced: Dated | null; readonly lost: number },
  ): Progress {
    const { place, topicId, fed } = this.#options;
    return { ...place, offset, note: encodeNote({ topicId, announced, lost, fed }) };
  }

  #committed(offset: number, announced: Dated | null): void {
    this.#offset = offset;
    this.#announced = announced;
    this.#atMs = this.#options.clock.nowMs();
  }
}
