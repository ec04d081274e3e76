import { TransactionWriter } from "../../src/adapters/kafka/group/transaction_writer.ts";
import type { Held, Membership, Position, Progress, Transaction } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Group, Member } from "./simulated_group.ts";
import { SimulatedTransactions, type TransactionalLog } from "./simulated_transactions.ts";

const LOST_SHARE = 0.03;
/** Chance that a commit that was not answered is ruled out when its partition is asked for next. */
const RULED_OUT_SHARE = 0.5;

/** What is used of the log whose groups these are. */
export interface ProgressLog extends TransactionalLog {
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
  /** Of what is stored. */
  readonly #numbers = new Map<string, number>();
  #count = 0;
  readonly transactions: SimulatedTransactions;

  constructor(log: ProgressLog) {
    this.#log = log;
    this.transactions = new SimulatedTransactions(log, {
      next: () => ++this.#count,
      save: (name, { progress, number }) => this.#save(name, { progress, number }),
      stable: (name) => this.#stable(name),
    });
  }

  /** What a membership offers of it. */
  portFor(membered: Membered): Pick<Membership, "held" | "advance" | "transact"> {
    const { member, group } = membered;
    const { scheduler } = this.#log;
    const writers = new Map<string, TransactionWriter>();
    return {
      held: (partitions) => {
        const held = () => this.#held(membered, partitions);
        const fences = partitions.flatMap((place) => {
          const writer = this.#writerOf(membered, { writers, place });
          return writer === null ? [] : [() => writer.fence(this.#steps(membered, { place }))];
        });
        // In the same turn where there is nothing to be fenced.
        return fences.length === 0 ? held() : Promise.all(fences.map((fence) => fence())).then(held);
      },
      advance: (progress, tenure) =>
        scheduler.request(member.owner, "advance", { run: () => this.#advance(membered, { progress, tenure }) }),
      transact: async (progress, { tenure, batches }) => {
        if (group.tenureOf(member, progress) !== tenure) {
          throw new ProductionError("the tenure is over", { retriable: false });
        }
        this.#awaitLate(nameOf(membered, progress), tenure);
        const writer = this.#writerOf(membered, { writers, place: progress })!;
        await writer.commit(progress, { batches, steps: this.#steps(membered, { place: progress, tenure }) });
      },
    };
  }

  #held(membered: Membered, partitions: readonly Place[]): Promise<Held[]> {
    const { member, group } = membered;
    return this.#log.scheduler.request(member.owner, "held", {
      run: () =>
        this.#log.mayFail(() =>
          partitions.flatMap(({ topic, partition }) => {
            const tenure = group.tenureOf(member, { topic, partition });
            if (tenure === undefined) return [];
            const name = nameOf(membered, { topic, partition });
            this.#awaitLate(name, tenure);
            return [{ topic, partition, tenure, progress: this.#stable(name) }];
          })
        ),
    });
  }

  /** Null for a partition of a task without transactions. */
  #writerOf(
    { name, member }: Membered,
    { writers, place }: { readonly writers: Map<string, TransactionWriter>; readonly place: Place },
  ): TransactionWriter | null {
    const task = member.options.tasks.find(({ partitions }) =>
      partitions.some(({ topic, partition }) => topic === place.topic && partition === place.partition)
    );
    if (task?.transactional !== true) return null;
    const id = `${name}.${task.id}`;
    return writers.getOrInsertComputed(id, () => new TransactionWriter(id));
  }

  #steps(membered: Membered, { place, tenure }: { readonly place: Place } & Partial<Pick<Transaction, "tenure">>) {
    const { member, group } = membered;
    return this.transactions.steps({
      owner: member.owner,
      name: nameOf(membered, place),
      holds: () => group.tenureOf(member, place) === tenure,
      isMember: () => group.tenureOf(member, place) !== undefined,
    });
  }

  /** Without effect if something was stored later than this was asked for. */
  #save(name: string, { progress, number }: { readonly progress: Progress; readonly number: number }): void {
    if ((this.#numbers.get(name) ?? 0) > number) return;
    this.#numbers.set(name, number);
    this.#stored.set(name, progress);
  }

  /** @throws ProductionError while a transaction may change it */
  #stable(name: string): Progress | null {
    if (this.transactions.isPending(name) && this.#log.bugs.unstable !== true) {
      throw new ProductionError("it is not stable", { retriable: true });
    }
    return this.#stored.get(name) ?? null;
  }

  #advance(
    membered: Membered,
    { progress, tenure }: { readonly progress: Progress; readonly tenure: string },
  ): void {
    const { group, member } = membered;
    const { choices } = this.#log.scheduler;
    const name = nameOf(membered, progress);
    const save = () => this.#save(name, { progress, number: ++this.#count });
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
        if (holds()) save();
      });
      throw new ProductionError("the commit was not answered", { retriable: true });
    }
    save();
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

type Place = Pick<Position, "topic" | "partition">;

function nameOf({ name }: Pick<Membered, "name">, { topic, partition }: Place): string {
  return `${name} ${partition}/${topic}`;
}
