import type { TransactionSteps } from "../../src/adapters/kafka/group/transaction_writer.ts";
import type { TransactionalWriter } from "../../src/adapters/kafka/protocol/transactions.ts";
import type { AppendBatch, Progress } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { LogBugs, StoredPartition, StoredTopic } from "./stored_topic.ts";

/** A run has few transactions, each of six requests. */
const FAULT_SHARE = 0.08;
/** A coordinator that has taken a commit tells the partitions later. */
const LATE_MARKERS_SHARE = 0.3;
const LATE_STEPS_MAX = 60;
/** As the adapter asks for it. */
const TIMEOUT_MS = 10_000;

/** The log that has the partitions, and the positions of its groups. */
export interface TransactionalLog {
  readonly topics: ReadonlyMap<string, StoredTopic>;
  readonly scheduler: Scheduler;
  readonly faults: boolean;
  readonly ghosts: (() => void)[];
  readonly bugs: LogBugs;
  store(batch: AppendBatch): number;
}

/** Positions, as groups keep them. */
export interface StoredProgress {
  /** A number that grows, of what is saved next. */
  next(): number;
  /** Without effect if something was saved under a greater number. */
  save(name: string, saved: { readonly progress: Progress; readonly number: number }): void;
  /** What is saved, once nothing is about to change it. */
  stable(name: string): Progress | null;
}

interface Transaction {
  readonly epoch: number;
  readonly partitions: Set<string>;
  hasGroup: boolean;
  /** It is to be committed, and its partitions are not told. */
  prepared: boolean;
}

interface Coordinated {
  epoch: number;
  open: Transaction | null;
}

interface PendingOffset {
  readonly name: string;
  readonly progress: Progress;
  readonly number: number;
}

/** Who writes, and what its group says of it when a request arrives. */
export interface TransactionMember {
  readonly owner: Owner;
  /** By which the partition's progress is kept. */
  readonly name: string;
  /** Whether the member is still given the partition, without a break. */
  readonly holds: () => boolean;
  readonly isMember: () => boolean;
}

/**
 * Transactions as Kafka's brokers carry them out: a coordinator that knows the newest epoch of each id, and partitions
 * (one more for the groups' positions) that learn of an epoch by its records and by the marker that ends it, and take
 * what comes late of one that they know no newer one of. So what a careful client must not do is possible.
 */
export class SimulatedTransactions {
  readonly #log: TransactionalLog;
  readonly #progress: StoredProgress;
  readonly #broker: Owner = { name: "broker", dead: false, bug: false };
  readonly #coordinated = new Map<string, Coordinated>();
  /** Newest epochs, by id and partition. */
  readonly #epochs = new Map<string, number>();
  /** Offsets of records that no marker has ended, by partition and id. */
  readonly #open = new Map<StoredPartition, Map<string, number[]>>();
  /** Positions that no marker has ended, by id. */
  readonly #pending = new Map<string, PendingOffset[]>();
  /** Those whose end the group's coordinator knows, and has not carried out. */
  readonly #told = new Set<PendingOffset>();

  constructor(log: TransactionalLog, progress: StoredProgress) {
    this.#log = log;
    this.#progress = progress;
  }

  /** Whether a transaction is about to change what is saved under that name. */
  isPending(name: string): boolean {
    return [...this.#told, ...[...this.#pending.values()].flat()].some((one) => one.name === name);
  }

  /** The first offset of a partition that is not committed; null if all are. */
  firstOpen(partition: StoredPartition): number | null {
    const offsets = [...this.#open.get(partition)?.values() ?? []].flat();
    return offsets.length === 0 ? null : Math.min(...offsets);
  }

  /** What a member asks brokers for; each may be lost, unanswered, or come late. */
  steps({ owner, name, holds, isMember }: TransactionMember): TransactionSteps {
    const ask = <T>(kind: string, run: () => T): Promise<T> =>
      this.#log.scheduler.request(owner, `transaction ${kind}`, { run: () => this.#carriedOut(kind, run) });
    return {
      begin: async (id) => {
        await ask("heartbeat", () => {
          if (!isMember()) throw new ProductionError("the group has moved on", { retriable: true });
        });
        return await ask("begin", () => this.#begin(id));
      },
      addPartitions: (writer, batches) => ask("partitions", () => this.#addPartitions(writer, batches)),
      produce: (writer, batches) => ask("records", () => this.#produce(writer, batches)),
      addGroup: (writer) => ask("group", () => void (this.#openOf(writer).hasGroup = true)),
      commitOffset: (writer, progress) =>
        ask("position", () => {
          if (!holds() && this.#log.bugs.anyTenure !== true) {
            throw new ProductionError("the tenure is over", { retriable: false });
          }
          this.#refuseOlder(writer, "group");
          const pending = { name, progress, number: this.#progress.next() };
          this.#pending.getOrInsertComputed(writer.transactionalId, () => []).push(pending);
        }),
      commit: (writer) => ask("commit", () => this.#commit(writer)),
      committed: () => ask("look", () => this.#progress.stable(name)),
    };
  }

  #carriedOut<T>(kind: string, run: () => T): T {
    const { faults, ghosts, scheduler: { choices } } = this.#log;
    const strikes = (what: string) => faults && choices.strikes(`transaction-${what}`, FAULT_SHARE, () => kind);
    if (strikes("lost")) throw new ProductionError("the request was lost", { retriable: true });
    if (strikes("late")) {
      ghosts.push(() => {
        try {
          run();
        } catch (error) {
          if (!(error instanceof ProductionError)) throw error;
        }
      });
      throw new ProductionError("the request was not answered", { retriable: true });
    }
    const answer = run();
    if (strikes("answer-lost")) throw new ProductionError("the answer was lost", { retriable: true });
    return answer;
  }

  #begin(transactionalId: string): TransactionalWriter {
    const coordinated = this.#coordinated.getOrInsertComputed(transactionalId, () => ({ epoch: -1, open: null }));
    const { open } = coordinated;
    coordinated.epoch++;
    if (open !== null) this.#end(transactionalId, open);
    return { transactionalId, producerId: 1, epoch: coordinated.epoch };
  }

  #coordinatedOf({ transactionalId, epoch }: TransactionalWriter): Coordinated {
    const coordinated = this.#coordinated.get(transactionalId)!;
    if (epoch !== coordinated.epoch) throw new ProductionError("the epoch is fenced", { retriable: true });
    return coordinated;
  }

  #openOf(writer: TransactionalWriter): Transaction {
    const { open } = this.#coordinatedOf(writer);
    if (open === null || open.prepared) throw new ProductionError("no transaction is open", { retriable: true });
    return open;
  }

  #addPartitions(writer: TransactionalWriter, batches: readonly AppendBatch[]): void {
    const { scheduler } = this.#log;
    const { transactionalId: id, epoch } = writer;
    const coordinated = this.#coordinatedOf(writer);
    if (coordinated.open?.prepared) this.#end(id, coordinated.open);
    if (coordinated.open === null) {
      const begun: Transaction = { epoch, partitions: new Set(), hasGroup: false, prepared: false };
      coordinated.open = begun;
      void scheduler.sleep(this.#broker, TIMEOUT_MS).then(() => {
        if (coordinated.open !== begun || begun.prepared) return;
        coordinated.epoch++;
        this.#end(id, begun);
      });
    }
    for (const batch of batches) coordinated.open.partitions.add(placeOf(batch));
  }

  #produce(writer: TransactionalWriter, batches: readonly AppendBatch[]): void {
    for (const batch of batches) {
      this.#refuseOlder(writer, placeOf(batch));
      const partition = this.#log.topics.get(batch.topic)!.partitions[batch.partition];
      const byId = this.#open.getOrInsertComputed(partition, () => new Map<string, number[]>());
      const offsets = byId.getOrInsertComputed(writer.transactionalId, () => []);
      const first = this.#log.store(batch);
      for (const index of batch.records.keys()) offsets.push(first + index);
    }
  }

  /** A partition knows no more than what was written to it. */
  #refuseOlder({ transactionalId, epoch }: TransactionalWriter, place: string): void {
    const name = `${transactionalId} ${place}`;
    if ((this.#epochs.get(name) ?? -1) > epoch) throw new ProductionError("the epoch is old", { retriable: true });
    this.#epochs.set(name, epoch);
  }

  #commit(writer: TransactionalWriter): void {
    const open = this.#openOf(writer);
    open.prepared = true;
    this.#soon("markers", () => {
      if (this.#coordinated.get(writer.transactionalId)!.open === open) this.#end(writer.transactionalId, open);
    });
  }

  /** Tells the partitions: what was prepared is committed, all else is not there. */
  #end(id: string, { partitions, hasGroup, prepared }: Transaction): void {
    const coordinated = this.#coordinated.get(id)!;
    coordinated.open = null;
    for (const place of partitions) {
      const [topic, at] = place.split("/");
      const partition = this.#log.topics.get(topic)!.partitions[Number(at)];
      const offsets = new Set(this.#open.get(partition)?.get(id));
      this.#open.get(partition)?.delete(id);
      if (!prepared) partition.records = partition.records.filter(({ offset }) => !offsets.has(offset));
      // The marker takes an offset, too.
      partition.end++;
      this.#epochs.set(`${id} ${place}`, coordinated.epoch);
    }
    if (hasGroup) this.#endOffsets(id, { epoch: coordinated.epoch, prepared });
  }

  /** The group's coordinator is told, and sees to it a little later. */
  #endOffsets(id: string, { epoch, prepared }: { readonly epoch: number; readonly prepared: boolean }): void {
    this.#epochs.set(`${id} group`, epoch);
    const told = this.#pending.get(id) ?? [];
    this.#pending.delete(id);
    for (const one of told) this.#told.add(one);
    this.#soon("offsets", () => {
      for (const { name, ...saved } of told) if (prepared) this.#progress.save(name, saved);
      for (const one of told) this.#told.delete(one);
    });
  }

  /** At once, or a while later. */
  #soon(what: string, end: () => void): void {
    const { scheduler, faults } = this.#log;
    if (!faults || !scheduler.choices.strikes(`transaction-${what}-late`, LATE_MARKERS_SHARE)) return end();
    const dueStep = scheduler.steps + scheduler.choices.below(LATE_STEPS_MAX);
    void scheduler.request(this.#broker, `transaction ${what}`, {
      enabled: () => !this.#log.faults || scheduler.steps >= dueStep,
      run: end,
    });
  }
}

function placeOf({ topic, partition }: Pick<AppendBatch, "topic" | "partition">): string {
  return `${topic}/${partition}`;
}
