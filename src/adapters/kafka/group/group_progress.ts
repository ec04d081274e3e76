import { checkNote } from "../../../ports/check_note.ts";
import type { Held, Position, Progress, Transaction } from "../../../ports/log.ts";
import { ProductionError } from "../../../record/errors.ts";
import { asProductionError, type KafkaJsError, rejoinTypes } from "../protocol/errors.ts";
import type { BrokerConnection } from "../protocol/kafkajs_internals.ts";
import {
  OFFSET_FETCH_KEY,
  STABLE_OFFSETS_VERSION,
  type StableOffset,
  stableOffsetsRequest,
} from "../protocol/stable_offsets.ts";
import { byTopic, MONITORED, nameOf } from "./positions.ts";
import type { KafkaTransactions } from "./kafka_transactions.ts";
import type { MemberIdentity, Standing } from "./standing.ts";
import { type TransactionSteps, TransactionWriter } from "./transaction_writer.ts";

type Place = Pick<Position, "topic" | "partition">;

/** What progress is kept with. */
interface GroupProgressOptions {
  readonly transactions: Pick<KafkaTransactions, "steps">;
  readonly onAdvanced: (topic: string, partition: number) => void;
}

/**
 * The progress of a member's partitions, as offsets with metadata that its group commits.
 *
 * The fence is the generation that a commit names: the coordinator takes none of another one than the group's, and that
 * only grows. It does not look at whose partition is committed; so the tenure is compared before a commit leaves, and
 * the commit names the generation for which it was compared.
 *
 * A commit whose answer was lost may still wait somewhere, and take effect after the next one: whoever gets the
 * partition then would not find what was announced last. So the partition waits until that cannot be any more. The
 * member joins again, with which the group goes on to the next generation; it mostly keeps its tasks, and their
 * tenures go on.
 */
export class GroupProgress {
  readonly #standing: Standing;
  readonly #transactions: Pick<KafkaTransactions, "steps">;
  /** By transactional id. */
  readonly #writers = new Map<string, TransactionWriter>();
  readonly #onAdvanced: (topic: string, partition: number) => void;
  /** Ends of the calls that are under way, by partition: the next one begins after them. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Partitions with a commit that may still take effect, and of which generation it is. */
  readonly #doubts = new Map<string, number>();

  constructor(standing: Standing, { transactions, onAdvanced }: GroupProgressOptions) {
    this.#standing = standing;
    this.#transactions = transactions;
    this.#onAdvanced = onAdvanced;
  }

  /** Whether commits of this generation are in doubt, so that the group must go on to the next one. */
  isInDoubt(generation: number): boolean {
    return [...this.#doubts.values()].includes(generation);
  }

  /** As `Membership.held`. */
  held(places: readonly Place[]): Promise<Held[]> {
    return this.#inTurn(places, () => this.#read(places));
  }

  /** As `Membership.advance`. */
  async advance(progress: Progress, tenure: string): Promise<void> {
    checkNote(progress);
    await this.#inTurn([progress], () => this.#commit(progress, tenure));
  }

  /** As `Membership.transact`. */
  async transact(progress: Progress, transaction: Transaction): Promise<void> {
    checkNote(progress);
    await this.#inTurn([progress], () => this.#transact(progress, transaction));
  }

  async #read(places: readonly Place[]): Promise<Held[]> {
    const identity = this.#standing.identity();
    const mine = places.flatMap(({ topic, partition }) => {
      const tenure = this.#standing.tenureOf(topic, partition);
      return tenure === undefined ? [] : [{ topic, partition, tenure }];
    });
    if (mine.length === 0) return [];
    for (const place of mine) this.#refuseDoubt(place, identity.groupGenerationId);
    try {
      // What a former owner has left open would not be stable for long.
      const steps = this.#steps(identity);
      await Promise.all(mine.map((place) => this.#writerOf(place)?.fence(steps)));
      const found = await this.#stable(mine, identity);
      return mine.map((place) => ({ ...place, progress: found.get(nameOf(place.topic, place.partition)) ?? null }));
    } catch (thrown) {
      // Also when the coordinator does not know the member any more, which joins again under another name.
      throw this.#explain(thrown, { retriable: true });
    }
  }

  /** Progress by the partition's name. */
  async #stable(places: readonly Place[], identity: MemberIdentity): Promise<Map<string, Progress | null>> {
    const topics = byTopic(places, ({ partition }) => partition);
    const offsets = await this.#standing.ask(async (connection) => {
      requireStable(connection);
      // A coordinator that was replaced and does not know it yet would tell what was committed when it still was one.
      // Only one that knows this generation has seen all commits of those before it.
      await connection.broker.heartbeat(identity);
      return (await connection.send(stableOffsetsRequest(identity.groupId, topics))).offsets;
    });
    return new Map(offsets.map((offset) => [nameOf(offset.topic, offset.partition), progressOf(offset)]));
  }

  #steps(identity: MemberIdentity): TransactionSteps {
    return this.#transactions.steps(identity, async (progress) => {
      const found = await this.#stable([progress], identity);
      return found.get(nameOf(progress.topic, progress.partition)) ?? null;
    });
  }

  #writerOf({ topic, partition }: Place): TransactionWriter | null {
    const id = this.#standing.transactionalIdOf(topic, partition);
    return id === null ? null : this.#writers.getOrInsertComputed(id, () => new TransactionWriter(id));
  }

  async #commit(progress: Progress, tenure: string): Promise<void> {
    const { topic, partition, offset, note } = progress;
    const identity = this.#owner(progress, tenure);
    const { groupGenerationId: generation } = identity;
    const topics = [{ topic, partitions: [{ partition, offset: String(offset), metadata: note }] }];
    let sent = false;
    try {
      await this.#standing.ask(({ broker }) => {
        sent = true;
        return broker.offsetCommit({ ...identity, topics });
      });
      this.#onAdvanced(topic, partition);
    } catch (thrown) {
      const answered = thrown instanceof ProductionError || (thrown as KafkaJsError).type !== undefined;
      if (sent && !answered) {
        this.#doubts.set(nameOf(topic, partition), generation);
        this.#standing.hurry();
      }
      // An id that the coordinator does not know is never given out again.
      throw this.#explain(thrown, { retriable: (thrown as KafkaJsError).type !== "UNKNOWN_MEMBER_ID" });
    }
  }

  async #transact(progress: Progress, { tenure, batches }: Transaction): Promise<void> {
    const { topic, partition } = progress;
    const identity = this.#owner(progress, tenure);
    const writer = this.#writerOf(progress);
    if (writer === null) {
      throw new TypeError(
        `Cannot commit "${topic}" partition ${partition} in a transaction: its task is none of those`,
      );
    }
    try {
      await writer.commit(progress, { batches, steps: this.#steps(identity) });
      this.#onAdvanced(topic, partition);
    } catch (thrown) {
      throw this.#explain(thrown, { retriable: (thrown as KafkaJsError).type !== "UNKNOWN_MEMBER_ID" });
    }
  }

  /** As whom the partition's owner commits. @throws ProductionError if it is not, or not certain yet */
  #owner(place: Place, tenure: string): MemberIdentity {
    const { topic, partition } = place;
    const identity = this.#standing.identity();
    if (this.#standing.tenureOf(topic, partition) !== tenure) {
      throw this.#standing.refusal(`"${topic}" partition ${partition} belongs, or has belonged, to another member`);
    }
    this.#refuseDoubt(place, identity.groupGenerationId);
    return identity;
  }

  /** `retriable`: of what the coordinator answers to a member that must join again. */
  #explain(thrown: unknown, rejoining: { readonly retriable: boolean }): ProductionError {
    if (thrown instanceof ProductionError) return thrown;
    const { type, message } = thrown as KafkaJsError;
    if (type !== undefined && rejoinTypes.has(type)) {
      this.#standing.hurry();
      return this.#standing.refusal(message, rejoining);
    }
    const error = asProductionError(thrown, this.#standing.settings);
    if (error.retriable) return error;
    return new ProductionError(error.message, { retriable: false, reason: "setup", cause: thrown });
  }

  #refuseDoubt({ topic, partition }: Place, generation: number): void {
    const name = nameOf(topic, partition);
    if (this.#doubts.get(name) !== generation) {
      this.#doubts.delete(name);
      return;
    }
    throw this.#standing.refusal(
      `whether "${topic}" partition ${partition} was committed is not known before the group's next generation`,
      { retriable: true },
    );
  }

  #inTurn<T>(places: readonly Place[], work: () => Promise<T>): Promise<T> {
    const names = places.map(({ topic, partition }) => nameOf(topic, partition));
    const done = Promise.all(names.map((name) => this.#turns.get(name))).then(work);
    const ended = done.then(() => {}, () => {});
    for (const name of names) this.#turns.set(name, ended);
    return done;
  }
}

function requireStable({ broker }: BrokerConnection): void {
  const newest = broker.versions?.[OFFSET_FETCH_KEY]?.maxVersion ?? 0;
  if (newest >= STABLE_OFFSETS_VERSION) return;
  throw new ProductionError(
    `Cannot read the progress of a group as what is certain: current value is OffsetFetch of version ${newest}. ` +
      "Use Kafka 2.5 or later",
    { retriable: false, reason: "setup" },
  );
}

function progressOf(found: StableOffset | undefined): Progress | null {
  if (found === undefined || found.offset < 0 || found.metadata === MONITORED) return null;
  const { topic, partition, offset, metadata } = found;
  return { topic, partition, offset, note: metadata };
}
