import { digestOf } from "../../record/digest.ts";
import { type Key, keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { encodeWire } from "../../record/wire.ts";
import { type Chore, type Chores, LOOKS_PER_STEP, Walks } from "../../state/chores.ts";
import type { DistinctValues } from "../../state/distinct_values.ts";
import type { Slot } from "../../state/slots.ts";
import type { Channel } from "./channel.ts";
import type { ChangedGroups } from "../outputs/changed_groups.ts";

/** New values of one group that are told in one turn. */
const VALUES_AT_ONCE = 1_000;

/** Who is told of different values, and of which. */
interface Told {
  readonly partition: number;
  readonly key: Key;
  readonly column: number;
}

/** What a sender of shares needs of its task. */
export interface ShareSenderOptions {
  readonly output: ChangedGroups;
  readonly channel: Channel;
  readonly chores: Chores;
  /** Index of the merge table. */
  readonly table: number;
  /** Partitions of the merge table. */
  readonly partitions: number;
}

/**
 * Sends one home's shares to the merge tasks that asked for them. A merge task that starts asks all homes; each answers
 * with a snapshot of its shares, closed by an END that voids whatever it sent earlier.
 *
 * A snapshot is a chore, so that shares change while it is made. A change is sent at once, and what the snapshot sends
 * later of that group is the value of that moment: whichever has the greater seq is right.
 */
export class ShareSender {
  /** Every row was folded once in this epoch: shares may be sent. */
  completed = false;
  readonly #options: ShareSenderOptions;
  /** Merge partitions that asked, with the epoch in which they did. */
  readonly #collectors = new Map<number, number>();
  /** For those whose snapshot has not begun. */
  readonly #snapshots: Walks;

  constructor(options: ShareSenderOptions) {
    this.#options = options;
    this.#snapshots = new Walks(options.chores, (asked) => this.#snapshot(asked));
  }

  get aggregate(): string {
    return this.#options.output.plan.name;
  }

  /** A merge task of this epoch wants everything; it gets it now if the shares are complete, else when they are. */
  collect(partition: number, request: { epoch: number; complete: boolean }): void {
    this.#collectors.set(partition, request.epoch);
    if (request.complete) this.#snapshots.ask(partition);
  }

  /** Every row is folded: all collectors get their snapshot. */
  complete(): void {
    this.completed = true;
    this.#options.output.forgetDirty();
    for (const partition of this.#collectors.keys()) this.#snapshots.ask(partition);
  }

  /** Sends the shares that changed to those who asked. */
  flush(): void {
    for (const group of this.#options.output.takeDirty()) this.#send(group, "change");
  }

  *#snapshot(asked: ReadonlyMap<number, void>): Chore {
    const { output, channel, table } = this.#options;
    // The epoch of the asking: one that asks again meanwhile did not get what is sent now from its beginning.
    const ends = Array.from(asked.keys(), (partition) => ({
      destination: { table, partition },
      to: this.#collectors.get(partition)!,
      since: channel.cut({ table, partition }),
    }));
    let looks = 0;
    for (const group of output.groups.keys.used()) {
      // Whoever was told of a group without rows is told by the change that left it without them.
      const wanted = output.groups.rows(group) > 0 && asked.has(this.#partitionOf(group));
      if (wanted) {
        this.#send(group, "snapshot");
        yield* this.#tellValues(group);
      }
      if (wanted || ++looks % LOOKS_PER_STEP === 0) yield;
    }
    for (const { destination, to, since } of ends) {
      channel.send(destination, { type: "end", aggregate: this.aggregate, to, since });
    }
  }

  /** All different values of a group; the group may go meanwhile, and then there are none. */
  *#tellValues(group: Slot): Chore {
    const { groups } = this.#options.output;
    const to = { partition: this.#partitionOf(group), key: groups.keys.keyOf(group) };
    for (const [column, values] of [...groups.distinct(group)]) yield* this.#tellAll({ ...to, column }, values.tell());
  }

  *#tellAll(to: Told, values: Iterable<string>): Chore {
    for (const value of values) {
      this.#sendValue(to, { value, held: true });
      yield;
    }
  }

  /** Of a group that came behind a snapshot all values are new. */
  #sendChanges(to: Told, values: DistinctValues): void {
    if (!values.told && values.size > VALUES_AT_ONCE) this.#options.chores.add(this.#tellAll(to, values.tell()));
    else if (!values.told) { for (const value of values.tell()) this.#sendValue(to, { value, held: true }); }
    for (const [value, held] of values.takeChanged()) this.#sendValue(to, { value, held });
  }

  #sendValue({ partition, key, column }: Told, change: { readonly value: string; readonly held: boolean }): void {
    const { channel, table } = this.#options;
    channel.send({ table, partition }, { type: "distinct", aggregate: this.aggregate, key, column, ...change });
  }

  /** As part of a snapshot it is sent whatever was sent before. */
  #send(group: Slot, as: "change" | "snapshot"): void {
    const { output, channel, table } = this.#options;
    const { groups } = output;
    const partition = this.#partitionOf(group);
    const key = groups.keys.keyOf(group);
    const sent = groups.sent.get(group);
    if (groups.rows(group) === 0) {
      if (sent !== null) {
        channel.send({ table, partition }, { type: "share", aggregate: this.aggregate, key, share: null });
      }
      output.drop(group);
      return;
    }
    if (!this.#collectors.has(partition)) return;
    const share = { columns: groups.columns(group), parts: groups.parts(group) };
    const digest = digestOf(encodeWire(share.parts));
    if (as === "snapshot" || digest !== sent) {
      groups.sent.set(group, digest);
      channel.send({ table, partition }, { type: "share", aggregate: this.aggregate, key, share });
    }
    // A snapshot tells all values, in slices.
    if (as === "snapshot") return;
    for (const [column, values] of groups.distinct(group)) this.#sendChanges({ partition, key, column }, values);
  }

  #partitionOf(group: Slot): number {
    const { keys, collectors } = this.#options.output.groups;
    const known = collectors.get(group);
    if (known >= 0) return known;
    const partition = partitionOf(keyText(keys.keyOf(group)), this.#options.partitions);
    collectors.set(group, partition);
    return partition;
  }
}
