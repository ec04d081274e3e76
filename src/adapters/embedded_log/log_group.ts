import { checkNote } from "../../ports/check_note.ts";
import type { AppendBatch, GroupOptions, Held, Membership, Position, Progress, Transaction } from "../../ports/log.ts";
import type { Clock } from "../../ports/clock.ts";
import { ProductionError } from "../../record/errors.ts";
import { assignStandbys } from "../assignment/assign_standbys.ts";
import { assignTasks } from "../assignment/assign_tasks.ts";
import type { LogStore } from "./log_store.ts";
import type { Together } from "./log_writer.ts";
import { productionError } from "../local/sqlite.ts";

/** What the groups work with. */
export interface LogGroupsOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** As `LogWriter.append`. */
  readonly append: (batches: readonly AppendBatch[], together: Together) => Promise<unknown>;
}

interface Advance {
  readonly progress: Progress;
  readonly tenure: string;
}

interface GroupMember {
  /** Sorts as its members joined. */
  readonly memberId: string;
  readonly options: GroupOptions;
  readonly able: ReadonlySet<string>;
  /** Task by `<partition>/<topic>`. */
  readonly taskOf: ReadonlyMap<string, string>;
  has: readonly string[];
  /** By task that it has. */
  tenures: ReadonlyMap<string, string>;
  standbys: readonly string[];
  /** Set while a notification is on its way. */
  notifying: boolean;
  ended: boolean;
}

/**
 * The groups of one process: members share the tasks at once, evenly and stickily. A task that moves is announced to
 * both sides without waiting for the one that loses it, as with a broker that has given a member up.
 */
export class LogGroups {
  readonly #options: LogGroupsOptions;
  readonly #groups = new Map<string, GroupMember[]>();
  readonly #members = new WeakMap<Membership, GroupMember>();
  #joined = 0;
  /** A random part, since the next process counts from the beginning, too. */
  readonly #opening = crypto.randomUUID();
  #tenures = 0;

  constructor(options: LogGroupsOptions) {
    this.#options = options;
  }

  join(options: GroupOptions): Membership {
    const able = new Set(options.tasks.map((task) => task.id));
    if (able.size < options.tasks.length) {
      throw new TypeError(
        `Cannot join group "${options.group}" with each task once: current value has a task twice. Name it once`,
      );
    }
    const taskOf = new Map(
      options.tasks.flatMap(({ id, partitions }) =>
        partitions.map(({ topic, partition }): [string, string] => [`${partition}/${topic}`, id])
      ),
    );
    const memberId = String(++this.#joined).padStart(12, "0");
    const member: GroupMember = {
      memberId,
      options,
      able,
      taskOf,
      has: [],
      tenures: new Map(),
      standbys: [],
      notifying: false,
      ended: false,
    };
    const members = this.#groups.get(options.group) ?? [];
    this.#groups.set(options.group, [...members, member]);
    this.#rebalance(options.group);
    void this.#notify(member);
    const membership: Membership = {
      // deno-lint-ignore require-await -- what it throws is to be a rejection
      commit: async (positions) => this.#commit(member, positions),
      // deno-lint-ignore require-await
      held: async (partitions) => this.#held(member, partitions),
      // deno-lint-ignore require-await
      advance: async (progress, tenure) => this.#advance(member, { progress, tenure }),
      transact: (progress, transaction) => this.#transact(member, { progress, ...transaction }),
      addresses: () => this.#addresses(member),
      // deno-lint-ignore require-await
      leave: async () => this.#end(member),
    };
    this.#members.set(membership, member);
    return membership;
  }

  /** Ends a membership as a broker does that has not heard of the member for too long. */
  fail(membership: Membership, error: Error): void {
    const member = this.#members.get(membership);
    if (member === undefined || member.ended) return;
    this.#end(member);
    member.options.onFailed(error);
  }

  /** Ends all memberships without a word. */
  close(): void {
    for (const member of [...this.#groups.values()].flat()) member.ended = true;
    this.#groups.clear();
  }

  #commit(member: GroupMember, positions: readonly Position[]): void {
    const { group } = member.options;
    this.#assertMember(member);
    // A position of a task that has moved would set its new owner back.
    const owned = positions.filter(({ topic, partition }) => {
      const task = member.taskOf.get(`${partition}/${topic}`);
      return task === undefined || member.has.includes(task);
    });
    const { store } = this.#options;
    try {
      store.transaction(() => owned.forEach((position) => store.positions.save(group, position)));
    } catch (error) {
      throw productionError(`commit positions of group "${group}"`, error);
    }
  }

  #held(member: GroupMember, partitions: readonly Pick<Position, "topic" | "partition">[]): Held[] {
    const { group } = member.options;
    this.#assertMember(member);
    try {
      return partitions.flatMap(({ topic, partition }) => {
        const tenure = tenureOf(member, { topic, partition });
        if (tenure === undefined) return [];
        return [{
          topic,
          partition,
          tenure,
          progress: this.#options.store.positions.progress(group, { topic, partition }),
        }];
      });
    } catch (error) {
      throw productionError(`read the progress of group "${group}"`, error);
    }
  }

  #advance(member: GroupMember, advance: Advance): void {
    const { group } = member.options;
    const { progress, progress: { topic, partition } } = advance;
    this.#assertMayAdvance(member, advance);
    const { store } = this.#options;
    try {
      store.transaction(() => store.positions.advance(group, progress));
    } catch (error) {
      throw productionError(`advance "${topic}" partition ${partition} for group "${group}"`, error);
    }
  }

  /** One transaction of the file holds both. Whoever has the partition is looked at in the turn in which it is made. */
  async #transact(member: GroupMember, { batches, ...advance }: Advance & Transaction): Promise<void> {
    this.#assertMayAdvance(member, advance);
    const { store, append } = this.#options;
    await append(batches, {
      check: () => this.#assertMayAdvance(member, advance),
      save: () => store.positions.advance(member.options.group, advance.progress),
    });
  }

  #assertMayAdvance(member: GroupMember, { progress, tenure }: Advance): void {
    const { group } = member.options;
    const { topic, partition } = progress;
    checkNote(progress);
    this.#assertMember(member);
    if (tenureOf(member, progress) !== tenure) {
      throw new ProductionError(
        `Cannot advance "${topic}" partition ${partition} as a member of "${group}" that has had it since it was ` +
          "given: current value is a partition that belongs, or has belonged, to another member. Ask what is held",
        { retriable: false },
      );
    }
  }

  #assertMember({ ended, options: { group } }: GroupMember): void {
    if (!ended) return;
    const message =
      `Cannot commit positions as a member of "${group}": current value is a membership that has ended. Join again`;
    throw new ProductionError(message, { retriable: false });
  }

  #addresses(member: GroupMember): string[] {
    if (member.ended) return [];
    const others = this.#groups.get(member.options.group)!.filter((other) => other !== member);
    return [...new Set(others.flatMap(({ options: { address } }) => address ?? []))].sort();
  }

  #end(member: GroupMember): void {
    if (member.ended) return;
    member.ended = true;
    const { group } = member.options;
    const members = this.#groups.get(group)!.filter((other) => other !== member);
    if (members.length > 0) this.#groups.set(group, members);
    else this.#groups.delete(group);
    this.#rebalance(group);
  }

  #rebalance(group: string): void {
    const members = this.#groups.get(group) ?? [];
    const tasks = [...new Set(members.flatMap(({ able }) => [...able]))];
    const claims = members.map(({ memberId, able, has, standbys, options }) => ({
      memberId,
      tasks: [...able],
      owned: has,
      generation: 0,
      standbys,
      standbysWanted: options.standbys,
    }));
    const assignments = assignTasks(claims);
    const standbys = assignStandbys(claims, assignments);
    for (const member of members) {
      // In the order in which they were declared, not by name: whoever starts tasks takes them as they come.
      const given = new Set(assignments.get(member.memberId));
      const kept = new Set(standbys.get(member.memberId));
      const assigned = tasks.filter((task) => given.has(task));
      const warm = tasks.filter((task) => kept.has(task));
      const changed = isOther(assigned, member.has) || isOther(warm, member.standbys);
      member.has = assigned;
      const { tenures } = member;
      member.tenures = new Map(assigned.map((task) => [task, tenures.get(task) ?? this.#newTenure()]));
      member.standbys = warm;
      if (changed) void this.#notify(member);
    }
  }

  #newTenure(): string {
    return `${this.#opening}/${++this.#tenures}`;
  }

  /** Tells the member, in a later turn, what it has then: changes that follow each other at once are told together. */
  async #notify(member: GroupMember): Promise<void> {
    if (member.notifying) return;
    member.notifying = true;
    await this.#options.clock.breathe();
    member.notifying = false;
    if (member.ended) return;
    try {
      member.options.onAssigned(member.has, member.standbys);
    } catch (error) {
      this.#end(member);
      member.options.onFailed(error instanceof Error ? error : new TypeError(String(error), { cause: error }));
    }
  }
}

function tenureOf(
  { taskOf, tenures }: GroupMember,
  { topic, partition }: Pick<Position, "topic" | "partition">,
): string | undefined {
  return tenures.get(taskOf.get(`${partition}/${topic}`) ?? "");
}

function isOther(tasks: readonly string[], before: readonly string[]): boolean {
  return tasks.length !== before.length || tasks.some((task) => !before.includes(task));
}
