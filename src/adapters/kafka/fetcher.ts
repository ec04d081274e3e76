import { ProductionError } from "../../record/errors.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { BrokerLanes, LANES, SESSION_LANE } from "./broker_lanes.ts";
import { type Asked, FetchSession } from "./fetch_session.ts";
import { LeaderFinder } from "./leader_finder.ts";
import { asProductionError, ErrorCode, errorName, isRetriableCode } from "./protocol/errors.ts";
import { type FetchedPartition, fetchRequest } from "./protocol/fetch.ts";
import { decodeAnswer } from "./read_answer.ts";
import type { FetchLeave } from "./read_budget.ts";
import {
  failAll,
  type FetchTarget,
  isAtEnd,
  isWanted,
  nameOf,
  type Portion,
  type ReadPosition,
  refusal,
} from "./read_position.ts";
import { RecentPortions } from "../local/recent_portions.ts";
import { rangeOf } from "./topics.ts";

/**
 * Fetches for all readers of one log: partitions that several of them read are fetched and decoded once as long as they
 * are at about the same place, and one request asks a broker for everything that is read to its end. Each reader has
 * its own positions and its own budget; one that takes nothing holds nobody back.
 */
export class Fetcher {
  readonly cluster: Cluster;
  readonly #channels: readonly BrokerChannel[];
  readonly #ranges: BrokerChannel;
  readonly #brokers = new Map<number, BrokerLanes>();
  readonly #readers = new Set<FetchTarget>();
  /** To be asked for; those that wait longest come first. */
  readonly #ready = new Set<ReadPosition>();
  readonly #recent = new RecentPortions<Portion>();
  readonly #leaders: LeaderFinder;
  #pumpQueued = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.#channels = LANES.map(() => cluster.openChannel());
    this.#ranges = cluster.openChannel();
    this.#leaders = new LeaderFinder(cluster, () => this.#queuePump());
  }

  /** A reader begins. */
  enter(reader: FetchTarget): void {
    this.#readers.add(reader);
  }

  /** A reader ends, all of whose positions were removed. */
  leave(reader: FetchTarget): void {
    this.#readers.delete(reader);
  }

  /** Reads from this position on. */
  add(position: ReadPosition): void {
    this.#recent.enter(position.name);
    this.want(position);
  }

  /** The position is read no more. */
  remove(position: ReadPosition): void {
    this.#recent.leave(position.name);
    position.live = false;
    this.#ready.delete(position);
    position.asked?.forget(position);
    // Others may have waited for the room that it took.
    this.#queuePump();
  }

  /** More may be wanted of this position now. */
  want(position: ReadPosition): void {
    if (isWanted(position)) this.#ready.add(position);
    this.#queuePump();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ready.clear();
    clearTimeout(this.#timer);
    await Promise.all([...this.#channels, this.#ranges].map((channel) => channel.close()));
  }

  /** Later in this turn, so that several calls of `add` lead to one request. */
  #queuePump(): void {
    if (this.#pumpQueued || this.#closed) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      if (!this.#closed) this.#pump();
    });
  }

  /** Starts every request that can be started. Called after everything that may allow one. */
  #pump(): void {
    const now = performance.now();
    this.#recent.expire(now);
    let nextAt = Infinity;
    const byLeader = new Map<number, ReadPosition[]>();
    for (const position of this.#ready) {
      if (!isWanted(position)) this.#ready.delete(position);
      else if (position.notBefore > now) nextAt = Math.min(nextAt, position.notBefore);
      else if (!this.#recall(position)) {
        const leader = this.cluster.known(position.topic)?.leaders[position.partition] ?? -1;
        if (leader < 0) this.#leaders.doubt();
        else byLeader.getOrInsertComputed(leader, () => []).push(position);
      }
    }
    nextAt = Math.min(nextAt, this.#leaders.look(this.#ready, now));
    for (const id of byLeader.keys()) this.#brokers.getOrInsertComputed(id, () => new BrokerLanes(id));
    for (const broker of this.#brokers.values()) this.#ask(broker, byLeader.get(broker.id) ?? []);
    clearTimeout(this.#timer);
    if (nextAt < Infinity) this.#timer = setTimeout(() => this.#queuePump(), Math.max(1, nextAt - now));
  }

  /** Gives what another reader has just fetched. False if there is no such thing, or no room for it. */
  #recall(position: ReadPosition): boolean {
    const topicId = this.cluster.known(position.topic)?.id ?? null;
    const portion = this.#recent.find(position.name, { topicId, offset: position.offset });
    if (portion === null) return false;
    const leave = position.reader.leave();
    if (leave === null) return false;
    this.#ready.delete(position);
    position.reader.receive(position, portion);
    position.reader.budget.answered(leave);
    return true;
  }

  #ask(broker: BrokerLanes, wanted: readonly ReadPosition[]): void {
    const { busy, session, settling } = broker;
    const ready = wanted.filter((position) => !(broker.join(position) && this.#ready.delete(position)));
    if (!settling && !busy.has(SESSION_LANE)) this.#send(broker, { lane: SESSION_LANE, session, positions: ready });
    for (const [lane, { waits }] of LANES.entries()) {
      if (lane === SESSION_LANE || busy.has(lane)) continue;
      const positions = ready.filter((position) =>
        position.asked === null && isWanted(position) && isAtEnd(position) === waits
      );
      if (positions.length === 0 || (waits && settling)) continue;
      this.#send(broker, { lane, session: new FetchSession("once"), positions });
    }
  }

  /** Sends one request for what the session asks for already and for `positions`, as far as their readers have room. */
  #send(broker: BrokerLanes, { lane, session, positions }: Parts): void {
    if (session.empty && positions.length === 0) return;
    const leaves = new Map<FetchTarget, FetchLeave>();
    for (const reader of lane === SESSION_LANE ? this.#readers : new Set(positions.map(({ reader }) => reader))) {
      const leave = reader.leave();
      if (leave !== null) leaves.set(reader, leave);
    }
    const behind = new Set<FetchTarget>();
    for (const position of positions) {
      if (!leaves.has(position.reader) || !session.add(position)) continue;
      this.#ready.delete(position);
      if (!isAtEnd(position)) behind.add(position.reader);
    }
    const bytesMax = Math.max(0, ...[...leaves.values()].map((leave) => leave.bytesMax));
    // What is at its end brings little: whoever waits for that alone may fetch something else meanwhile.
    for (const [reader, leave] of leaves) {
      if (behind.has(reader)) continue;
      reader.budget.answered(leave);
      leaves.delete(reader);
    }
    if (session.empty || bytesMax === 0) return;
    broker.busy.set(lane, session);
    void this.#fetch(broker, { lane, session, bytesMax }).finally(() => {
      broker.busy.delete(lane);
      for (const [reader, leave] of leaves) reader.budget.answered(leave);
      this.#queuePump();
    });
  }

  async #fetch(broker: BrokerLanes, { lane, session, bytesMax }: Omit<Parts, "positions"> & { bytesMax: number }) {
    try {
      const { partitions, ...step } = session.next();
      const waitMs = LANES[lane].waits ? this.cluster.settings.fetchWaitMs : 0;
      const request = fetchRequest(partitions, { waitMs, bytesMax, ...step });
      const answer = await this.#channels[lane].call(broker.id, (connection) => connection.send(request));
      if (this.#closed || !session.answered(answer)) return;
      if (answer.errorCode !== ErrorCode.none) {
        const message = `Cannot read from Kafka's node ${broker.id}: it answers ${errorName(answer.errorCode)}`;
        throw new ProductionError(message, { retriable: isRetriableCode(answer.errorCode) });
      }
      // All in one turn, so that a poll that waits gets all of it.
      for (const partition of answer.partitions) this.#answered(session, partition);
      if (lane === SESSION_LANE && answer.partitions.length > 0) broker.settle(() => this.#queuePump());
    } catch (thrown) {
      session.restart();
      this.#lost(session.takeAll().flatMap(({ positions }) => [...positions]), thrown);
    }
    if (lane !== SESSION_LANE) {
      for (const { positions } of session.takeAll()) positions.forEach((one) => this.want(one));
    }
  }

  /** What the broker says of one partition. */
  #answered(session: FetchSession, answer: FetchedPartition): void {
    const name = nameOf(answer.topic, answer.partition);
    const asked = session.take(name);
    if (asked === undefined) return;
    if (answer.errorCode === ErrorCode.none) return this.#accept(session, { name, asked, answer });
    // It may be deleted, or made anew.
    this.#recent.forget(name);
    for (const position of asked.positions) {
      if (answer.errorCode === ErrorCode.offsetOutOfRange) void this.#checkRange(position);
      else {
        this.#leaders.doubt();
        position.notBefore = performance.now() + position.backoff.nextMs();
        if (!isRetriableCode(answer.errorCode)) {
          position.reader.tellTrouble(position, refusal(position, answer.errorCode));
        }
        this.want(position);
      }
    }
  }

  #accept(session: FetchSession, { name, asked, answer }: Answered): void {
    let portion: Portion;
    try {
      portion = decodeAnswer(answer, { offset: asked.offset, settings: this.cluster.settings });
    } catch (thrown) {
      const error = asProductionError(thrown, this.cluster.settings);
      for (const position of asked.positions) {
        position.backoff.reset();
        position.reader.tellTrouble(position, error);
        this.want(position);
      }
      return;
    }
    for (const position of asked.positions) {
      position.backoff.reset();
      // Larger than expected once decompressed: what has no room is fetched again.
      const room = position.reader.budget.heldBytes < this.cluster.settings.readerBytesMax;
      if (room) position.reader.receive(position, portion);
      if (portion.fetchedBytes > 0 || !isWanted(position) || !session.add(position)) this.want(position);
    }
    const topicId = this.cluster.known(answer.topic)?.id ?? null;
    this.#recent.keep(name, { portion, topicId, nowMs: performance.now() });
  }

  /** Reports a position outside the log; one that is inside after all is tried again. */
  async #checkRange(position: ReadPosition): Promise<void> {
    const { topic, partition, offset } = position;
    try {
      const range = await rangeOf({ cluster: this.cluster, channel: this.#ranges }, { topic, partition });
      if (!position.live) return;
      if (range.startOffset > offset || offset > range.endOffset) return position.reader.tellRange(position, range);
      position.notBefore = performance.now() + position.backoff.nextMs();
      this.want(position);
    } catch (thrown) {
      this.#lost([position], thrown);
    }
  }

  /** The broker could not be asked for these. */
  #lost(positions: readonly ReadPosition[], thrown: unknown): void {
    if (this.#closed) return;
    this.#leaders.doubt();
    const now = performance.now();
    for (const position of positions) {
      position.notBefore = now + position.backoff.nextMs();
      this.want(position);
    }
    failAll(positions, asProductionError(thrown, this.cluster.settings));
  }
}

interface Parts {
  readonly lane: number;
  readonly session: FetchSession;
  readonly positions: readonly ReadPosition[];
}

interface Answered {
  readonly name: string;
  readonly asked: Asked;
  readonly answer: FetchedPartition;
}
