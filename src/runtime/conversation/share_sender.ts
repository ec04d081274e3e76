import type { Group } from "../../processor/group.ts";
import { digestOf } from "../../record/digest.ts";
import { keyText } from "../../record/key.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Channel } from "./channel.ts";
import type { GroupOutput } from "../outputs/group_output.ts";

/** What a sender of shares needs of its task. */
export interface ShareSenderOptions {
  readonly output: GroupOutput;
  readonly channel: Channel;
  /** Index of the merge table. */
  readonly table: number;
  /** Partitions of the merge table. */
  readonly partitions: number;
}

/**
 * Sends one home's shares to the merge tasks that asked for them. A merge task that starts asks all homes; each answers
 * with a snapshot of its shares, closed by an END that voids whatever it sent earlier.
 */
export class ShareSender {
  /** Every row was folded once in this epoch: shares may be sent. */
  completed = false;
  readonly #options: ShareSenderOptions;
  /** Merge partitions that asked, with the epoch in which they did. */
  readonly #collectors = new Map<number, number>();

  constructor(options: ShareSenderOptions) {
    this.#options = options;
  }

  get aggregate(): string {
    return this.#options.output.plan.name;
  }

  /** A merge task of this epoch wants everything; it gets it now if the shares are complete, else when they are. */
  collect(partition: number, request: { epoch: number; complete: boolean }): void {
    this.#collectors.set(partition, request.epoch);
    if (request.complete) this.#snapshot(partition);
  }

  /** Every row is folded: all collectors get their snapshot. */
  complete(): void {
    this.completed = true;
    this.#options.output.takeDirty();
    for (const partition of this.#collectors.keys()) this.#snapshot(partition);
  }

  /** Sends the shares that changed to those who asked. */
  flush(): void {
    for (const group of this.#options.output.takeDirty()) this.#send(group, "change");
  }

  #snapshot(partition: number): void {
    const { output, channel, table } = this.#options;
    const destination = { table, partition };
    const since = channel.cut(destination);
    for (const group of [...output.groups.values()]) {
      if (this.#partitionOf(group) === partition) this.#send(group, "snapshot");
    }
    const to = this.#collectors.get(partition)!;
    channel.send(destination, { type: "end", aggregate: this.aggregate, to, since });
  }

  /** As part of a snapshot it is sent whatever was sent before, and an empty group is not mentioned. */
  #send(group: Group, as: "change" | "snapshot"): void {
    const { output, channel, table } = this.#options;
    const partition = this.#partitionOf(group);
    if (!this.#collectors.has(partition)) return;
    if (group.rows === 0) {
      if (as === "change" && group.sent !== null) {
        channel.send({ table, partition }, { type: "share", aggregate: this.aggregate, key: group.key, share: null });
      }
      group.sent = null;
      output.drop(group);
      return;
    }
    const share = { columns: group.columns, parts: output.parts(group) };
    const digest = digestOf(encodeWire(share.parts));
    if (as === "change" && digest === group.sent) return;
    group.sent = digest;
    channel.send({ table, partition }, { type: "share", aggregate: this.aggregate, key: group.key, share });
  }

  #partitionOf(group: Group): number {
    return partitionOf(keyText(group.key), this.#options.partitions);
  }
}
