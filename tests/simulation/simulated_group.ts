import type { GroupOptions, Position } from "../../src/ports/log.ts";
import { parseTaskId } from "../../src/record/task_id.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** A runner that joined. */
export interface Member {
  readonly owner: Owner;
  readonly options: GroupOptions;
  /** Assignments decided; the member may not know the last one yet. */
  tasks: Set<string>;
  /** Of others' tasks. */
  readonly standbys: Set<string>;
  told: boolean;
}

/**
 * The group coordinator: decides at once, tells late. A member that was not told yet goes on as if it still had what it
 * had (a zombie), and one whose task came back before it was told never notices that it was away.
 */
export class Group {
  readonly members: Member[] = [];
  readonly #scheduler: Scheduler;
  /** How often each task was given to somebody. */
  readonly #given = new Map<string, number>();
  readonly #away: { giver: Member; taker: Member; task: string }[] = [];

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  join(owner: Owner, options: GroupOptions): Member {
    const member = { owner, options, tasks: new Set<string>(), standbys: new Set<string>(), told: true };
    this.members.push(member);
    this.balance();
    return member;
  }

  leave(member: Member): void {
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
    this.balance();
  }

  /** Gives tasks that nobody living has to somebody. */
  balance(): void {
    for (const member of [...this.members]) if (member.owner.dead) this.members.splice(this.members.indexOf(member), 1);
    if (this.members.length === 0) return;
    const owned = new Set(this.members.flatMap((member) => [...member.tasks]));
    for (const { id } of this.members[0].options.tasks) {
      if (!owned.has(id)) this.#give(this.#takerOf(id, this.members), id);
    }
    // A member that joined for nothing takes a share.
    for (const member of this.members) if (member.tasks.size === 0) this.move();
    this.#spread();
    for (const member of this.members) this.#tell(member);
  }

  /** Moves a random task to another member. Returns what moves it back to the same one. */
  move(): () => void {
    const { choices } = this.#scheduler;
    const from = this.members.filter((member) => member.tasks.size > 0);
    if (from.length === 0 || this.members.length < 2) return () => {};
    const giver = choices.pick(from);
    return this.#lend(giver, choices.pick([...giver.tasks]));
  }

  /** Moves all tasks of a table to other members. Returns what moves them back. */
  moveAll(table: string): () => void {
    if (this.members.length < 2) return () => {};
    const back = this.members.flatMap((giver) =>
      [...giver.tasks].filter((task) => parseTaskId(task).table === table).map((task) => ({ giver, task }))
    ).map(({ giver, task }) => this.#lend(giver, task));
    return () => back.forEach((moveBack) => moveBack());
  }

  /** Moves the task to another member. Returns what moves it back to the same one. */
  #lend(giver: Member, task: string): () => void {
    this.#hand(giver, task);
    return () => {
      const owner = this.members.find(({ tasks }) => tasks.has(task));
      if (owner === undefined || owner === giver || !this.members.includes(giver)) return;
      owner.tasks.delete(task);
      this.#give(giver, task);
      this.#tell(owner);
    };
  }

  /** Moves the task that reads this partition to another member. */
  moveReader(topic: string, partition: number): void {
    if (this.members.length < 2) return;
    const task = this.members[0].options.tasks.find(({ partitions }) =>
      partitions.some((read) => read.topic === topic && read.partition === partition)
    );
    const giver = this.members.find(({ tasks }) => task !== undefined && tasks.has(task.id));
    if (giver !== undefined) this.#hand(giver, task!.id);
  }

  #hand(giver: Member, task: string): void {
    const taker = this.#takerOf(task, this.members.filter((member) => member !== giver));
    giver.tasks.delete(task);
    this.#give(taker, task);
    this.#tell(giver);
    this.#spread();
  }

  /** Moves tasks to their standbys. */
  moveToStandbys(): void {
    for (const keeper of this.members) {
      for (const task of [...keeper.standbys]) {
        const giver = this.members.find(({ tasks }) => tasks.has(task));
        if (giver === undefined) continue;
        giver.tasks.delete(task);
        this.#give(keeper, task);
        this.#tell(giver);
      }
    }
    this.#spread();
  }

  /** Whoever gets a task: often its standby. */
  #takerOf(task: string, candidates: readonly Member[]): Member {
    const { choices } = this.#scheduler;
    const keepers = candidates.filter(({ standbys }) => standbys.has(task));
    return keepers.length > 0 && choices.chance(0.7) ? keepers[0] : choices.pick(candidates);
  }

  /** Each task has a standby, if another member is there and they are wanted. */
  #spread(): void {
    const [first] = this.members;
    if (first === undefined || !first.options.standbys || this.members.length < 2) return;
    for (const { id } of first.options.tasks) {
      if (this.members.some(({ standbys }) => standbys.has(id))) continue;
      const keeper = this.#scheduler.choices.pick(this.members.filter(({ tasks }) => !tasks.has(id)));
      keeper.standbys.add(id);
      this.#tell(keeper);
    }
  }

  /** Moves a random task to another member for a while; the one that loses it is never told. */
  bounce(): void {
    const { choices } = this.#scheduler;
    const from = this.members.filter((member) => member.tasks.size > 0 && member.told);
    if (from.length === 0 || this.members.length < 2) return;
    const giver = choices.pick(from);
    const taker = choices.pick(this.members.filter((member) => member !== giver));
    const task = choices.pick([...giver.tasks]);
    giver.tasks.delete(task);
    this.#give(taker, task);
    this.#spread();
    this.#away.push({ giver, taker, task });
  }

  /** Tasks that bounced come back to whom they were taken from, if it still lives. */
  comeBack(): void {
    for (const { giver, taker, task } of this.#away.splice(0)) {
      if (!this.members.includes(giver) || !this.members.includes(taker) || !taker.tasks.delete(task)) continue;
      this.#tell(taker);
      this.#add(giver, task);
    }
    this.balance();
  }

  /** Names the time for which the member has the partition's task; undefined if it has it not. */
  tenureOf(member: Member, { topic, partition }: Pick<Position, "topic" | "partition">): string | undefined {
    const task = member.options.tasks.findLast(({ partitions }) =>
      partitions.some((read) => read.topic === topic && read.partition === partition)
    );
    if (task === undefined || !this.members.includes(member) || !member.tasks.has(task.id)) return undefined;
    return `${task.id}/${this.#given.get(task.id)}`;
  }

  #give(member: Member, task: string): void {
    this.#add(member, task);
    this.#tell(member);
  }

  #add(member: Member, task: string): void {
    this.#given.set(task, (this.#given.get(task) ?? 0) + 1);
    member.tasks.add(task);
    member.standbys.delete(task);
  }

  #tell(member: Member): void {
    if (!member.told) return;
    member.told = false;
    this.#scheduler.request(member.owner, "assign", {
      run: () => {
        member.told = true;
        member.options.onAssigned([...member.tasks], [...member.standbys]);
      },
    });
  }
}
