/** A generation of the group in which a member took part to the end: it was told what it has. */
export interface Participation {
  readonly memberId: string;
  readonly generation: number;
  readonly tasks: readonly string[];
}

/**
 * Since when a member has its tasks without a break, by what the coordinator told it, not by what the member was told
 * of that: an assignment that the next one overtook before anybody heard of it has ended a tenure all the same.
 *
 * A tenure goes on only from one generation to the very next. In one that this member did not take part in, or joined
 * and never saw the assignment of, others may have had its tasks. Nor does it go on with another member id: the
 * coordinator gives one to whom it had given up, and a group that was deleted counts its generations from the
 * beginning. The same generation once more is the same assignment, told again by a coordinator whose first answer was
 * lost.
 */
export class Tenures {
  #last: Participation | null = null;
  #names = new Map<string, string>();

  /** The member has learnt what it has in a generation. */
  take(now: Participation): void {
    const last = this.#last;
    const unbroken = last !== null && last.memberId === now.memberId &&
      (now.generation === last.generation || now.generation === last.generation + 1);
    const before = unbroken ? this.#names : new Map<string, string>();
    const name = `${now.memberId}/${now.generation}`;
    this.#names = new Map(now.tasks.map((task) => [task, before.get(task) ?? name]));
    this.#last = now;
  }

  /** The tenure of a task as of the last generation; undefined for a task that the member does not have. */
  of(task: string): string | undefined {
    return this.#names.get(task);
  }
}
