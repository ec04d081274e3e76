import type { Membership, Progress } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Group, Member } from "./simulated_group.ts";
import type { Scheduler } from "./scheduler.ts";

const LOST_SHARE = 0.03;
/** Chance that a commit that was not answered is ruled out when its partition is asked for next. */
const RULED_OUT_SHARE = 0.5;

/** What is used of the log whose groups these are. */
export interface ProgressLog {
  readonly scheduler: Scheduler;
  readonly faults: boolean;
  readonly ghosts: (() => void)[];
  mayFail<T>(run: () => T): T;
}

/** A member of a group, by the group's name. */
interface Membered {
  readonly name: string;
  readonly group: Group;
  readonly member: Member;
}

/**
 * The progress that groups keep. A commit may be lost, or its answer; or it takes effect later, even when its process
 * is dead, unless its tenure is over by then. As the port promises, its partition waits for that, or for a moment after
 * which it cannot come any more.
 */
export class SimulatedProgress {
  readonly #log: ProgressLog;
  readonly #stored = new Map<string, Progress>();
  /** Commits that may still take effect, by partition; with their tenures. */
  readonly #late = new Map<string, { readonly tenure: string }>();

  constructor(log: ProgressLog) {
    this.#log = log;
  }

  /** What a membership offers of it. */
  portFor(membered: Membered): Pick<Membership, "held" | "advance"> {
    const { member, group } = membered;
    const { scheduler } = this.#log;
    return {
      held: (partitions) =>
        scheduler.request(member.owner, "held", {
          run: () =>
            this.#log.mayFail(() =>
              partitions.flatMap(({ topic, partition }) => {
                const tenure = group.tenureOf(member, { topic, partition });
                if (tenure === undefined) return [];
                const name = `${membered.name} ${partition}/${topic}`;
                this.#awaitLate(name, tenure);
                return [{ topic, partition, tenure, progress: this.#stored.get(name) ?? null }];
              })
            ),
        }),
      advance: (progress, tenure) =>
        scheduler.request(member.owner, "advance", { run: () => this.#advance(membered, { progress, tenure }) }),
    };
  }

  #advance(
    { name: groupName, group, member }: Membered,
    { progress, tenure }: { readonly progress: Progress; readonly tenure: string },
  ): void {
    const { choices } = this.#log.scheduler;
    const name = `${groupName} ${progress.partition}/${progress.topic}`;
    const holds = () => group.tenureOf(member, progress) === tenure;
    if (!holds()) throw new ProductionError("the tenure is over", { retriable: false });
    this.#awaitLate(name, tenure);
    const strikes = (what: string) =>
      this.#log.faults && choices.strikes(what, LOST_SHARE, () => `${progress.topic}-${progress.partition}`);
    if (strikes("advance-lost")) throw new ProductionError("the commit was lost", { retriable: true });
    if (strikes("advance-late")) {
      const late = { tenure };
      this.#late.set(name, late);
      this.#log.ghosts.push(() => {
        if (this.#late.get(name) !== late) return;
        this.#late.delete(name);
        if (holds()) this.#stored.set(name, progress);
      });
      throw new ProductionError("the commit was not answered", { retriable: true });
    }
    this.#stored.set(name, progress);
    if (strikes("advance-answer-lost")) throw new ProductionError("the answer was lost", { retriable: true });
  }

  /** @throws ProductionError while an earlier commit of the tenure may still come */
  #awaitLate(name: string, tenure: string): void {
    const late = this.#late.get(name);
    if (late === undefined) return;
    const { faults, scheduler: { choices } } = this.#log;
    // One of an earlier tenure never takes effect.
    const waits = late.tenure === tenure && faults && !choices.chance(RULED_OUT_SHARE);
    if (waits) throw new ProductionError("an earlier commit may still come", { retriable: true });
    this.#late.delete(name);
  }
}
