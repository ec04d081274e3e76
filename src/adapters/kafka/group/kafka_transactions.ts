import type { Progress } from "../../../ports/log.ts";
import { ProductionError } from "../../../record/errors.ts";
import { createBackoff } from "../protocol/backoff.ts";
import { systemClock } from "../../local/system_clock.ts";
import type { BrokerChannel, Cluster } from "../cluster.ts";
import { ErrorCode, errorName, isRetriableCode } from "../protocol/errors.ts";
import { type BrokerConnection, protocolError, type ProtocolRequest } from "../protocol/kafkajs_internals.ts";
import {
  addOffsetsRequest,
  addPartitionsRequest,
  commitRequest,
  initProducerIdRequest,
  offsetCommitRequest,
  TXN_OFFSET_COMMIT_KEY,
  TXN_OFFSET_COMMIT_VERSION,
} from "../protocol/transactions.ts";
import type { TransactionProducer } from "../transaction_producer.ts";
import { byTopic } from "./positions.ts";
import type { MemberIdentity, Standing } from "./standing.ts";
import type { TransactionSteps } from "./transaction_writer.ts";

/**
 * The broker ends a transaction that is open for longer, if nobody else does: so long readers of committed records may
 * wait behind one whose owner was killed and has no successor. As Kafka Streams has it.
 */
const TIMEOUT_MS = 10_000;
const TRANSACTION_COORDINATOR = 1;
/** While an earlier transaction of the id is being ended. */
const BUSY = { firstMs: 2, lastMs: 100 };

/** Codes after which the next epoch is the answer. */
const passing = new Set<number>([
  ErrorCode.invalidProducerEpoch,
  ErrorCode.producerFenced,
  ErrorCode.invalidProducerIdMapping,
  ErrorCode.invalidTransactionState,
  ErrorCode.concurrentTransactions,
  ErrorCode.transactionCoordinatorFenced,
  ErrorCode.unknownProducerId,
  ErrorCode.outOfOrderSequence,
  ErrorCode.duplicateSequence,
]);

const remedies: Readonly<Record<number, string>> = {
  [ErrorCode.transactionalIdAuthorizationFailed]: "allow this user WRITE and DESCRIBE on that transactional id",
  [ErrorCode.topicAuthorizationFailed]: "allow this user to write the topics",
  [ErrorCode.groupAuthorizationFailed]: "allow this user READ on the group",
  [ErrorCode.invalidTransactionTimeout]: `raise the brokers' transaction.max.timeout.ms to ${TIMEOUT_MS}`,
};

/** What transactions are made with. */
export interface KafkaTransactionsOptions {
  readonly standing: Standing;
  /** Theirs alone: they close it. */
  readonly producer: Pick<TransactionProducer, "append" | "close">;
}

/** The transactions of a member, as brokers are asked for them. */
export class KafkaTransactions {
  readonly #cluster: Cluster;
  readonly #standing: Standing;
  readonly #channel: BrokerChannel;
  readonly #producer: KafkaTransactionsOptions["producer"];
  /** Nodes by transactional id. */
  readonly #coordinators = new Map<string, number>();

  constructor(cluster: Cluster, { standing, producer }: KafkaTransactionsOptions) {
    this.#cluster = cluster;
    this.#standing = standing;
    this.#channel = cluster.openChannel();
    this.#producer = producer;
  }

  async close(): Promise<void> {
    await Promise.all([this.#channel.close(), this.#producer.close()]);
  }

  /** As a member of a generation; `committed`: what the group has of a partition, and what is stable. */
  steps(
    identity: MemberIdentity,
    committed: (progress: Progress) => Promise<Progress | null>,
  ): TransactionSteps {
    const { groupId: group, memberId, groupGenerationId: generation } = identity;
    return {
      committed,
      begin: async (transactionalId) => {
        // Whoever has lost the group would fence the owner.
        await this.#standing.ask(({ broker }) => broker.heartbeat(identity));
        const { producerId, epoch } = await this.#patiently(
          transactionalId,
          initProducerIdRequest(transactionalId, TIMEOUT_MS),
        );
        return { transactionalId, producerId, epoch };
      },
      addPartitions: async (writer, batches) => {
        const topics = byTopic(batches, ({ partition }) => partition);
        await this.#patiently(writer.transactionalId, addPartitionsRequest(writer, topics));
      },
      produce: (writer, batches) => this.#producer.append(writer, batches),
      addGroup: async (writer) => {
        await this.#patiently(writer.transactionalId, addOffsetsRequest(writer, group));
      },
      commitOffset: async (writer, { topic, partition, offset, note }) => {
        const position = { group, memberId, generation, topic, partition, offset, metadata: note };
        const errorCode = await this.#standing.ask(async (connection) => {
          requireGenerations(connection);
          const answer = await connection.send(offsetCommitRequest(writer, position));
          // As an error of kafkajs', by which it is told that the member must join again, or find its coordinator.
          if (isOfGroup(answer.errorCode)) throw protocolError(answer.errorCode);
          return answer.errorCode;
        });
        if (errorCode !== ErrorCode.none) throw refused(writer.transactionalId, errorCode);
      },
      commit: async (writer) => {
        await this.#patiently(writer.transactionalId, commitRequest(writer));
      },
    };
  }

  /** Asks the coordinator of the id, again while it is busy with an earlier transaction of that. */
  async #patiently<A extends Coded>(id: string, request: ProtocolRequest<A>): Promise<A> {
    const backoff = createBackoff(BUSY.firstMs, BUSY.lastMs);
    const giveUpAt = performance.now() + this.#cluster.settings.operationTimeoutMs;
    while (true) {
      const answer = await this.#ask(id, request);
      const code = codeOf(answer);
      if (code === ErrorCode.none) return answer;
      if (code !== ErrorCode.concurrentTransactions || performance.now() > giveUpAt) {
        if (!passing.has(code)) this.#coordinators.delete(id);
        throw refused(id, code);
      }
      await systemClock.sleep(backoff.nextMs());
    }
  }

  async #ask<A>(id: string, request: ProtocolRequest<A>): Promise<A> {
    try {
      const node = this.#coordinators.get(id) ?? await this.#find(id);
      return await this.#channel.call(node, (connection) => connection.send(request));
    } catch (error) {
      this.#coordinators.delete(id);
      throw error;
    }
  }

  async #find(id: string): Promise<number> {
    const { coordinator: { nodeId } } = await this.#channel.callAny(({ broker }) =>
      broker.findGroupCoordinator({ groupId: id, coordinatorType: TRANSACTION_COORDINATOR })
    );
    this.#coordinators.set(id, nodeId);
    return nodeId;
  }
}

type Coded = { readonly errorCode: number } | { readonly errorCodes: readonly number[] };

/** Of several codes the one that says why: others were not attempted for its sake. */
function codeOf(answer: Coded): number {
  const codes = "errorCodes" in answer ? answer.errorCodes : [answer.errorCode];
  const refusals = codes.filter((code) => code !== ErrorCode.none);
  return refusals.find((code) => code !== ErrorCode.operationNotAttempted) ?? refusals[0] ?? ErrorCode.none;
}

function isOfGroup(code: number): boolean {
  return code === ErrorCode.illegalGeneration || code === ErrorCode.unknownMemberId ||
    code === ErrorCode.rebalanceInProgress || code === ErrorCode.notCoordinator ||
    code === ErrorCode.coordinatorNotAvailable || code === ErrorCode.coordinatorLoading;
}

function refused(id: string, code: number): ProductionError {
  const remedy = remedies[code] === undefined ? "" : `; ${remedies[code]}`;
  const retriable = passing.has(code) || isRetriableCode(code);
  return new ProductionError(
    `Cannot write a transaction under id "${id}": the broker answers ${errorName(code)}${remedy}`,
    { retriable, ...(retriable ? {} : { reason: "setup" as const }) },
  );
}

function requireGenerations({ broker }: BrokerConnection): void {
  const newest = broker.versions?.[TXN_OFFSET_COMMIT_KEY]?.maxVersion ?? 0;
  if (newest >= TXN_OFFSET_COMMIT_VERSION) return;
  throw new ProductionError(
    "Cannot commit a position in a transaction as a member of a generation: current value is TxnOffsetCommit of " +
      `version ${newest}. Use Kafka 2.5 or later, or write the topic with guarantee "at_least_once"`,
    { retriable: false, reason: "setup" },
  );
}
