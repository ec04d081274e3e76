import type { AppendBatch, Progress } from "../../../ports/log.ts";
import { ProductionError } from "../../../record/errors.ts";
import type { TransactionalWriter } from "../protocol/transactions.ts";

/** What brokers are asked in a transaction. Whatever rejects may have had its effect, or have it later. */
export interface TransactionSteps {
  /** Ends what anybody has left open under the id (a commit that was taken is carried out), and gives a new epoch. */
  begin(transactionalId: string): Promise<TransactionalWriter>;
  /** Before {@link TransactionSteps.produce}. */
  addPartitions(writer: TransactionalWriter, batches: readonly AppendBatch[]): Promise<void>;
  produce(writer: TransactionalWriter, batches: readonly AppendBatch[]): Promise<void>;
  /** Before {@link TransactionSteps.commitOffset}. */
  addGroup(writer: TransactionalWriter): Promise<void>;
  /** Rejects if the group is not in the generation for which it is committed. */
  commitOffset(writer: TransactionalWriter, progress: Progress): Promise<void>;
  commit(writer: TransactionalWriter): Promise<void>;
  /** What the group has of the partition, when no transaction is about to change it. */
  committed(progress: Progress): Promise<Progress | null>;
}

/**
 * The transactions of one task: records and position, both or neither.
 *
 * - **An epoch that failed is never used again**, not even to abort. What it sent may still arrive: a record would be
 *   part of the next transaction, and a commit would end it (KIP-890). The next epoch ends the transaction, and brokers
 *   refuse from then on what arrives of the one before.
 * - **Whether a commit that was not answered was taken, the position tells**, asked for behind the next epoch, when
 *   nothing can change it any more. It is part of the transaction, and no two transactions have the same.
 * - **Who has lost the partition cannot commit**: its generation is refused with the position, before the commit. The
 *   epoch alone would not do, as whoever asks last has the newest.
 */
export class TransactionWriter {
  readonly #transactionalId: string;
  #writer: TransactionalWriter | null = null;
  /** What was to be committed, and may be. */
  #doubt: Progress | null = null;

  constructor(transactionalId: string) {
    this.#transactionalId = transactionalId;
  }

  /** Ends what a former owner of the task has left open, and what this one has. */
  async fence(steps: Pick<TransactionSteps, "begin">): Promise<void> {
    this.#writer = null;
    this.#writer = await steps.begin(this.#transactionalId);
    // Who asks for this is about to ask for the position, too.
    this.#doubt = null;
  }

  /** @throws what a step rejects with: then it may be committed, and the same can be asked for again */
  async commit(progress: Progress, { batches, steps }: CommitParts): Promise<void> {
    const writer = this.#writer ??= await steps.begin(this.#transactionalId);
    if (this.#doubt !== null) {
      const found = await steps.committed(progress);
      this.#doubt = null;
      if (found?.offset === progress.offset && found.note === progress.note) return;
    }
    try {
      await steps.addPartitions(writer, batches);
      await all(
        steps.produce(writer, batches),
        steps.addGroup(writer).then(() => steps.commitOffset(writer, progress)),
      );
      this.#doubt = progress;
      await steps.commit(writer);
      this.#doubt = null;
    } catch (error) {
      this.#writer = null;
      // Nothing may follow that would end it, and readers wait behind it.
      if (isTooLarge(error)) this.#writer = await steps.begin(this.#transactionalId).catch(() => null);
      throw error;
    }
  }
}

/** What is committed, and how. */
export interface CommitParts {
  readonly batches: readonly AppendBatch[];
  readonly steps: TransactionSteps;
}

/** Nothing is under way any more when it rejects. */
async function all(...steps: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(steps);
  const reasons = ended.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
  if (reasons.length > 0) throw reasons.find(isTooLarge) ?? reasons[0];
}

function isTooLarge(error: unknown): boolean {
  return error instanceof ProductionError && error.reason === "too_large";
}
