import type { GroupOptions, Held, Membership, Position, Progress, Transaction } from "../../../ports/log.ts";
import { ProductionError } from "../../../record/errors.ts";
import { createBackoff } from "../protocol/backoff.ts";
import { systemClock } from "../../local/system_clock.ts";
import type { BrokerChannel, Cluster } from "../cluster.ts";
import { GroupProgress } from "./group_progress.ts";
import { coordinatorTypes, explained } from "./explained.ts";
import { KafkaTransactions, type KafkaTransactionsOptions } from "./kafka_transactions.ts";
import { leadGroup } from "./leading.ts";
import { MonitoredPositions } from "./monitored_positions.ts";
import { nameOf } from "./positions.ts";
import type { MemberIdentity, Standing } from "./standing.ts";
import { Tenures } from "./tenures.ts";
import {
  decodeAssignment,
  encodeMemberState,
  memberState,
  type MemberTasks,
  PROTOCOL_NAME,
} from "../protocol/group_protocol.ts";
import { isConnectionError, type KafkaJsError, rejoinTypes } from "../protocol/errors.ts";
import type { BrokerConnection } from "../protocol/kafkajs_internals.ts";
import type { MemberNotes } from "./notes.ts";

const LEAVE_DEADLINE_MS = 5_000;
const GROUP_COORDINATOR = 0;

/** What a membership is given beside the cluster. */
interface MembershipParts extends Pick<KafkaTransactionsOptions, "producer"> {
  readonly notes: MemberNotes;
}

/**
 * Membership in a group and nothing else: join, heartbeat, commit, leave. Reading is the reader's business. By hand,
 * with kafkajs' requests, since its consumer (2.2.4, `src/consumer`) is membership and reading in one:
 * - it has no timer for heartbeats: they are sent between fetches and batches (`runner.js`), so whoever works on a
 *   batch for longer than the session, or stops reading while a task waits for others, loses its place in the group;
 * - it reads what the group assigned, from where the group committed: what everybody reads (global tables) has no place
 *   in it, nor has a position of the reader's own, since `seek` does nothing for a partition that is not assigned;
 * - when an offset is gone it commits the default offset and goes on (`recoverFromOffsetOutOfRange`), where a task must
 *   start again;
 * - a commit goes out with the generation of the moment (`offsetManager` is replaced at every assignment), so that one
 *   made for the assignment before can overwrite the new owner's;
 * - of an assignment it keeps topics and partitions (`consumerGroup.js` drops the user data), where a task is known by
 *   its name;
 * - after an error it stops, or joins again by itself (`restartOnFailure`), which those who run the tasks learn from an
 *   event afterwards.
 */
export class KafkaMembership implements Membership {
  readonly #cluster: Cluster;
  readonly #options: GroupOptions;
  readonly #notes: MemberNotes;
  readonly #topics: readonly string[];
  readonly #channel: BrokerChannel;
  #coordinator: number | null = null;
  #memberId = "";
  #generation = -1;
  #assigned: MemberTasks = { tasks: [], standbys: [], addresses: [] };
  readonly #tenures = new Tenures();
  readonly #positions: MonitoredPositions;
  readonly #progress: GroupProgress;
  readonly #transactions: KafkaTransactions;
  readonly #closing = new AbortController();
  /** Ends the wait for the next heartbeat. */
  #hurrying = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  /** Whether `join` has resolved. */
  #joined = false;
  #inGroup = false;
  #finished: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, { notes, producer }: MembershipParts, options: GroupOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#notes = notes;
    this.#topics = [...new Set(options.tasks.flatMap((task) => task.partitions.map(({ topic }) => topic)))].sort();
    this.#channel = cluster.openChannel();
    const standing = this.#standing();
    const positions = new MonitoredPositions(standing);
    this.#positions = positions;
    this.#transactions = new KafkaTransactions(cluster, { standing, producer });
    this.#progress = new GroupProgress(standing, {
      transactions: this.#transactions,
      onAdvanced: (topic, partition) => positions.leaveAlone(topic, partition),
    });
  }

  /**
   * Joins; called once. Resolves when the first assignment is there; `onAssigned` is called right after.
   * @throws ProductionError, never retriable: until it can reach the group it keeps trying
   */
  async join(): Promise<void> {
    this.#finished = this.#run();
    await this.#first.promise;
  }

  commit(positions: readonly Position[]): Promise<void> {
    return this.#positions.commit(positions);
  }

  held(partitions: readonly Pick<Position, "topic" | "partition">[]): Promise<Held[]> {
    return this.#progress.held(partitions);
  }

  advance(progress: Progress, tenure: string): Promise<void> {
    return this.#progress.advance(progress, tenure);
  }

  transact(progress: Progress, transaction: Transaction): Promise<void> {
    return this.#progress.transact(progress, transaction);
  }

  addresses(): readonly string[] {
    return this.#closing.signal.aborted ? [] : this.#assigned.addresses;
  }

  async leave(): Promise<void> {
    if (this.#closing.signal.aborted) return await this.#finished;
    this.#closing.abort();
    // A join may be waiting at the broker, which answers nothing else on that connection before: leave on another one.
    const waiting = this.#channel;
    const channel = this.#cluster.openChannel();
    const groupId = this.#options.group;
    const left = this.#memberId === "" || this.#coordinator === null ? Promise.resolve() : channel
      .call(this.#coordinator, ({ broker }) => broker.leaveGroup({ groupId, memberId: this.#memberId }))
      .then(() => this.#notes.remove(groupId, this.#memberId), () => {}); // the broker finds out by the session's end
    const deadline = new AbortController();
    await Promise.race([left, systemClock.sleep(LEAVE_DEADLINE_MS, deadline.signal)]);
    deadline.abort();
    await Promise.all([waiting.close(), channel.close(), this.#transactions.close()]);
    await this.#finished;
  }

  /** Joins, beats, joins again, until left or failed. */
  async #run(): Promise<void> {
    const backoff = createBackoff();
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const assigned = await this.#joinOnce();
        if (signal.aborted) break;
        backoff.reset();
        this.#inGroup = true;
        this.#announce(assigned);
        await this.#beat();
      } catch (thrown) {
        const error = explained(thrown, { ...this.#cluster, refusal: (reason, how) => this.#refusal(reason, how) });
        if (signal.aborted) break;
        if (!error.retriable) return this.#fail(error);
        if ((thrown as KafkaJsError).type === "UNKNOWN_MEMBER_ID") {
          this.#notes.remove(this.#options.group, this.#memberId);
          this.#memberId = "";
        }
        // "Rebalance in progress" is the everyday case: the others wait for this member to join again.
        if (!rejoinTypes.has((thrown as KafkaJsError).type ?? "")) await systemClock.sleep(backoff.nextMs(), signal);
      } finally {
        this.#inGroup = false;
      }
    }
    if (!this.#joined) this.#first.reject(this.#refusal("it left before the group answered"));
  }

  async #joinOnce(): Promise<MemberTasks> {
    const { settings } = this.#cluster;
    const { group, tasks } = this.#options;
    // Before joining, which would wait for them.
    for (const memberId of this.#notes.abandoned(group)) await this.#leaveFor(memberId);
    const state = memberState(this.#options, { assigned: this.#assigned, generation: this.#generation });
    const joined = await this.#ask(({ broker }) =>
      broker.joinGroup({
        groupId: group,
        sessionTimeout: settings.sessionTimeoutMs,
        rebalanceTimeout: settings.rebalanceTimeoutMs,
        memberId: this.#memberId,
        groupProtocols: [{ name: PROTOCOL_NAME, metadata: encodeMemberState(this.#topics, state) }],
      })
    );
    this.#memberId = joined.memberId;
    this.#notes.add(group, joined.memberId);
    const { memberAssignment } = await this.#ask(({ broker }) =>
      broker.syncGroup({
        groupId: group,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: joined.leaderId === joined.memberId ? leadGroup(joined, tasks) : [],
      })
    );
    this.#generation = joined.generationId;
    this.#positions.forget();
    const assigned = decodeAssignment(memberAssignment);
    this.#tenures.take({ memberId: joined.memberId, generation: joined.generationId, tasks: assigned.tasks });
    return assigned;
  }

  /** Ends the membership of a process that was killed. */
  async #leaveFor(memberId: string): Promise<void> {
    const groupId = this.#options.group;
    await this.#ask(({ broker }) => broker.leaveGroup({ groupId, memberId })).catch((error: KafkaJsError) => {
      if (error.type !== "UNKNOWN_MEMBER_ID") throw error;
    });
    this.#notes.remove(groupId, memberId);
  }

  /** Not in this turn: whoever awaits `join` has its result before the first call. */
  #announce(assigned: MemberTasks): void {
    this.#assigned = assigned;
    this.#joined = true;
    this.#first.resolve();
    setTimeout(() => {
      if (this.#closing.signal.aborted || this.#assigned !== assigned) return;
      this.#options.onAssigned([...assigned.tasks], [...assigned.standbys]);
    }, 0);
  }

  /** Heartbeats until the coordinator wants the group to join again, which is thrown, or until this member wants it. */
  async #beat(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = createBackoff();
    while (!signal.aborted) {
      const hurrying = AbortSignal.any([signal, this.#hurrying.signal]);
      await systemClock.sleep(this.#cluster.settings.heartbeatIntervalMs, hurrying);
      if (this.#hurrying.signal.aborted) this.#hurrying = new AbortController();
      if (signal.aborted || this.#progress.isInDoubt(this.#generation)) return;
      try {
        await this.#ask(({ broker }) => broker.heartbeat(this.#identity()));
        backoff.reset();
      } catch (thrown) {
        const error = thrown as KafkaJsError;
        // A coordinator that moves or restarts still knows the member: no need to join again.
        if (!isConnectionError(error) && !coordinatorTypes.has(error.type ?? "")) throw error;
        await systemClock.sleep(backoff.nextMs(), signal);
      }
    }
  }

  /** Asks the coordinator; finds it first if it is not known. */
  async #ask<T>(use: (connection: BrokerConnection) => Promise<T>): Promise<T> {
    try {
      if (this.#coordinator === null) {
        await this.#cluster.refresh(this.#topics);
        const groupId = this.#options.group;
        const { coordinator } = await this.#channel.callAny(({ broker }) =>
          broker.findGroupCoordinator({ groupId, coordinatorType: GROUP_COORDINATOR })
        );
        this.#coordinator = coordinator.nodeId;
      }
      return await this.#channel.call(this.#coordinator, use);
    } catch (error) {
      if (!rejoinTypes.has((error as KafkaJsError).type ?? "")) this.#coordinator = null;
      throw error;
    }
  }

  #standing(): Standing {
    const taskOf = new Map(
      this.#options.tasks.flatMap((task) =>
        task.partitions.map(({ topic, partition }) => [nameOf(topic, partition), task] as const)
      ),
    );
    return {
      settings: this.#cluster.settings,
      identity: () => {
        if (this.#closing.signal.aborted) throw this.#refusal("the member has left");
        if (!this.#inGroup) throw this.#refusal("the group is rebalancing", { retriable: true });
        return this.#identity();
      },
      isNewest: (generation) => generation === this.#generation,
      tenureOf: (topic, partition) => this.#tenures.of(taskOf.get(nameOf(topic, partition))?.id ?? ""),
      transactionalIdOf: (topic, partition) => {
        const { id, transactional = false } = taskOf.get(nameOf(topic, partition)) ?? {};
        return transactional ? `${this.#options.group}.${id}` : null;
      },
      ask: (use) => this.#ask(use),
      refusal: (reason, options) => this.#refusal(reason, options),
      hurry: () => this.#hurrying.abort(),
    };
  }

  #identity(): MemberIdentity {
    return { groupId: this.#options.group, groupGenerationId: this.#generation, memberId: this.#memberId };
  }

  #fail(error: ProductionError): void {
    this.#closing.abort();
    void Promise.all([this.#channel.close(), this.#transactions.close()]);
    if (this.#joined) this.#options.onFailed(error);
    else this.#first.reject(error);
  }

  #refusal(reason: string, options = { retriable: false }): ProductionError {
    return new ProductionError(`Cannot act as a member of group "${this.#options.group}": ${reason}`, options);
  }
}
