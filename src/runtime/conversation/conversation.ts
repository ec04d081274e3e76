import type { Bytes } from "../../ports/log.ts";
import { ProcessorError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import { UNKNOWN, type Value } from "../../record/row.ts";
import { checkTextBytes, contentBytesMax } from "../../record/sendable.ts";
import { askingFor } from "./asking.ts";
import type { BlockMessage } from "./block_message.ts";
import { HeldRights } from "./held_rights.ts";
import { decodeInbox } from "./inbox_record.ts";
import { type Message, type MessageOrigin, shareOrigin } from "./messages.ts";
import { homeOf, type Partitions } from "./ownership.ts";
import type { Server } from "./server.ts";
import { subscribed } from "./subscribed.ts";
import { type Answered, AskedRights } from "../../state/right_store.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";
import type { LookupPlan, PhysicalPlan } from "../../plan/physical.ts";
import type { TaskView } from "./task_view.ts";
import { parseTaskId } from "../../record/task_id.ts";

const utf8 = new TextDecoder();

/** The tables of a topology and how many tasks each has: all that a message needs to find its way; and its limit. */
type Routing = Partitions & {
  readonly plan: PhysicalPlan;
  readonly options: { readonly messageBytesMax: number };
  /** Whether this task starts on this instance, too. */
  readonly isStarting: (table: number, partition: number) => boolean;
};

/**
 * What a task says to others and does when they speak: subscriptions and values of joins, shares of aggregates, HELLOs.
 * The rules and why each is needed: `src/DESIGN.md`, "The conversation of tasks".
 */
export class Conversation {
  readonly task: TaskView;
  readonly #routing: Routing;
  readonly #rights: HeldRights;
  #ownSent = 0;
  /** The last number of {@link proveOwn} that was read back. */
  ownRead = 0;

  constructor(task: TaskView, routing: Routing) {
    this.task = task;
    this.#routing = routing;
    this.#rights = new HeldRights(task, {
      partitionsOf: (table) => routing.partitions[table],
      partitionOf: (lookup, key) => this.#partitionOf(lookup, key),
      askable: (plan, key) => this.#askable(plan, key),
      isStarting: routing.isStarting,
    });
  }

  /**
   * Tells everybody who looks this task up, or collects from it, that what was asked before is forgotten; asks the
   * homes for shares.
   */
  sayHello(): void {
    const { table } = this.task;
    const peers = new Set<number>();
    for (const serve of table.serves) peers.add(serve.home);
    for (const group of table.groups) if (group.merge !== null) peers.add(group.merge.table);
    for (const peer of peers) this.#toAll(peer, { type: "hello" });
    for (const member of table.members) {
      if (member.kind === "merge") this.#toAll(member.home, { type: "collect", aggregate: member.name });
    }
  }

  #toAll(table: number, message: Message): void {
    for (let partition = 0; partition < this.#routing.partitions[table]; partition++) {
      this.task.channel.send({ table, partition }, message);
    }
  }

  /**
   * Asks for the right row `key` of a join; what is known at first is nothing. Nobody can be asked for a key that is
   * too large for a message: its right row is refused, and so absent.
   */
  subscribe(lookup: number, key: Key): Value {
    const plan = this.task.table.lookups[lookup];
    if (!this.#askable(plan, key)) return null;
    this.task.channel.send({ table: plan.table, partition: this.#partitionOf(lookup, key) }, {
      type: "subscribe",
      join: plan.name,
      key,
    });
    return UNKNOWN;
  }

  /** Whoever serves the right row `key` of a join need not tell this task of it any more. */
  unsubscribe(lookup: number, key: Key): void {
    const { table, name: join } = this.task.table.lookups[lookup];
    // Then nobody was asked.
    if (this.#objection(key) !== null) return;
    this.task.channel.send({ table, partition: this.#partitionOf(lookup, key) }, { type: "unsubscribe", join, key });
  }

  #askable({ name, keyColumns }: LookupPlan, key: Key): boolean {
    const cause = this.#objection(key);
    if (cause === null) return true;
    const columns = keyColumns?.map((column) => column.name) ?? [];
    this.task.refusals.other(new ProcessorError(name, String(key), { cause, reason: "too_large" }), { columns });
    return false;
  }

  /** Why no message can name this key, or null. */
  #objection(key: Key): Error | null {
    if (typeof key === "number") return null;
    try {
      checkTextBytes(key, contentBytesMax(this.#routing.options.messageBytesMax));
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  #partitionOf(lookup: number, key: Key): number {
    const plan = this.task.table.lookups[lookup];
    return homeOf(this.#routing, this.#routing.plan.tables[plan.table], key);
  }

  /** After the right rows were loaded from a snapshot: whoever serves them is asked whether they are what they were. */
  askForAll(): void {
    this.#rights.askForAll();
  }

  /** An entry waits for a right row that a snapshot held. */
  hurry(lookup: number, right: Slot): void {
    this.#rights.hurry(lookup, right);
  }

  /** The task is loaded, and reads its inbox: whoever has not said HELLO before this mark is asked all the same. */
  markInbox(): void {
    const { table: { index: table }, partition, channel } = this.task;
    if (this.#rights.expecting) channel.send({ table, partition }, { type: "awake" });
  }

  /**
   * Writes a number into the own inbox and returns it. When it is read there ({@link ownRead}), no later incarnation
   * had said HELLO before it: whatever was true of what this one has shown by then, later ones go on from.
   */
  proveOwn(): number {
    const { table: { index: table }, partition, channel } = this.task;
    channel.send({ table, partition }, { type: "own", number: ++this.#ownSent });
    return this.#ownSent;
  }

  /**
   * Takes one record of the own inbox. Returns true if a later incarnation of this very task has said HELLO, so this
   * one must end.
   */
  take(value: Bytes | null): boolean {
    if (value === null) return false;
    const record = decodeInbox(typeof value === "string" ? value : utf8.decode(value));
    if (record.kind === "hello") return true;
    const { table, partition } = parseTaskId(record.from);
    const sender = { table, partition, epoch: record.epoch, seq: record.seq };
    const { fresh, newEpoch } = this.task.channel.accept(record.from, record.epoch, record.seq);
    if (!fresh) return false;
    if (newEpoch) {
      for (const server of this.task.servers) {
        if (this.#tableName(server.plan.home) === table) server.forget(partition);
      }
    }
    for (const message of record.messages) this.receive(sender, message);
    return false;
  }

  #tableName(index: number): string {
    return this.#routing.plan.tables[index].name;
  }

  /** Acts on one message of a pack that was accepted. */
  receive(sender: MessageOrigin, message: Message): void {
    switch (message.type) {
      case "subscribe":
        return this.#subscribed(sender, message, null);
      case "resubscribe":
        return this.#subscribed(sender, message, message.held);
      case "block":
        return this.#blockAsked(sender, message);
      case "confirmed":
        return this.#rights.confirmed(message);
      case "unsubscribe":
        return this.task.servers.find((server) => server.plan.name === message.join)?.unsubscribe(
          sender.partition,
          message.key,
        );
      case "value":
        return this.#answered(message, (store, right) => store.answer(right, message.value));
      case "unchanged":
        return this.#confirmed(message);
      case "hello":
        return this.#greeted(sender);
      case "awake":
        return this.#rights.expectNoMore();
      case "own":
        this.ownRead = message.number;
        return;
      case "collect": {
        const sendersOf = this.task.senders.filter((candidate) => candidate?.aggregate === message.aggregate);
        for (const candidate of sendersOf) {
          candidate!.collect(sender.partition, { epoch: sender.epoch, complete: candidate!.completed });
        }
        return;
      }
      case "share":
        return this.#mergeOf(message.aggregate)?.share(shareOrigin(sender), message.key, message.share);
      case "distinct":
        return this.#mergeOf(message.aggregate)?.distinct(shareOrigin(sender), message);
      case "end":
        return this.#mergeOf(message.aggregate)?.end(shareOrigin(sender), message);
    }
  }

  #mergeOf(aggregate: string) {
    return this.task
      .merges[this.task.table.members.findIndex((member) => member.kind === "merge" && member.name === aggregate)];
  }

  #serverOf(join: string): Server | undefined {
    return this.task.servers.find((server) => server.plan.name === join);
  }

  /** `held`: digest of the value that the home holds; null if it holds none. */
  #subscribed(
    { partition: home }: MessageOrigin,
    { join, key }: { readonly join: string; readonly key: Key },
    held: number | null,
  ): void {
    const server = this.#serverOf(join);
    if (server === undefined || !subscribed(this.task, server, { home, key, held })) return;
    this.task.channel.send({ table: server.plan.home, partition: home }, { type: "unchanged", join, key, held: held! });
  }

  #blockAsked({ partition: home, epoch: to }: MessageOrigin, { join, block, keys, held }: BlockMessage): void {
    const server = this.#serverOf(join);
    if (server === undefined) return;
    const except: number[] = [];
    keys.forEach((key, at) => {
      if (!subscribed(this.task, server, { home, key, held: held[at] })) except.push(at);
    });
    const answer: Message = { type: "confirmed", join, to, block, except };
    this.task.channel.send({ table: server.plan.home, partition: home }, answer);
  }

  /** An answer to an earlier question may be about another value than the one that is held by now. */
  #confirmed({ join, key, held }: { readonly join: string; readonly key: Key; readonly held: number }): void {
    this.#answered({ join, key }, (store, right, lookup) => {
      const asking = askingFor({ join, key }, store.told(right));
      if (asking.type === "resubscribe" && asking.held === held) return store.confirm(right);
      const { table } = this.task.table.lookups[lookup];
      this.task.channel.send({ table, partition: this.#partitionOf(lookup, key) }, asking);
      return "known";
    });
  }

  #answered(
    { join, key }: { readonly join: string; readonly key: Key },
    take: (store: AskedRights, right: Slot, lookup: number) => Answered,
  ): void {
    const task = this.task;
    const lookup = task.table.lookups.findIndex((candidate) => candidate.name === join);
    const store = task.stores[lookup];
    if (!(store instanceof AskedRights)) return;
    const right = store.keys.find(key);
    if (right === NO_SLOT) return;
    if (store.links.users(right) === 0) return store.drop(right);
    const answered = take(store, right, lookup);
    if (answered === "changed") task.rightChanged(lookup, right);
    else if (answered === "confirmed") task.rightConfirmed(lookup, right);
  }

  /** A server has forgotten my subscriptions, a home's shares must be asked for again. */
  #greeted(sender: MessageOrigin): void {
    const { table, channel } = this.task;
    this.#rights.forgotten(this.#routing.plan.tables.findIndex(({ name }) => name === sender.table), sender.partition);
    for (const member of table.members) {
      if (member.kind !== "merge") continue;
      if (this.#tableName(member.home) !== sender.table) continue;
      channel.send({ table: member.home, partition: sender.partition }, { type: "collect", aggregate: member.name });
    }
  }
}
