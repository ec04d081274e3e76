/**
 * Who gets which task, for every log that has groups: they must hand tasks out alike, since what holds for one is
 * tested on the other. Sticky: a member keeps what it has, as far as balance allows; nobody has two tasks more than
 * another that could take one of them. A task that nobody has any more goes to a member that keeps its rows warm. A
 * pure function of its arguments, so that it does not matter which member leads the group.
 */

export interface MemberClaim {
  /** Decides between equals: the lesser by code units gets a task first. */
  readonly memberId: string;
  /** Tasks that this member knows: during an upgrade they may differ from member to member. */
  readonly tasks: readonly string[];
  /** What it had, and in which generation of the group it got it. */
  readonly owned: readonly string[];
  readonly generation: number;
  /** Tasks whose rows it keeps warm. */
  readonly standbys?: readonly string[];
  /** On how many other members the rows of each task are to be kept; absent or 0: and it keeps none itself. */
  readonly standbysWanted?: number;
}

/** Every task that some member knows goes to exactly one member that knows it. */
export function assignTasks(members: readonly MemberClaim[]): Map<string, string[]> {
  const sorted = [...members].sort((a, b) => compare(a.memberId, b.memberId));
  const able = new Map(sorted.map(({ memberId, tasks }) => [memberId, new Set(tasks)]));
  const warm = new Map(sorted.map(({ memberId, standbys = [] }) => [memberId, new Set(standbys)]));
  const assigned = new Map<string, string[]>(sorted.map(({ memberId }) => [memberId, []]));
  const owner = new Map<string, string>();
  // The newer claim wins: a member that was away still claims what others have been given since.
  for (const { memberId, owned, tasks } of [...sorted].sort((a, b) => b.generation - a.generation)) {
    const known = new Set(tasks);
    for (const task of owned) if (known.has(task) && !owner.has(task)) owner.set(task, memberId);
  }
  const all = [...new Set(sorted.flatMap(({ tasks }) => tasks))].sort(compare);
  for (const task of all) {
    const memberId = owner.get(task);
    if (memberId !== undefined) assigned.get(memberId)!.push(task);
  }
  for (const task of all) {
    if (owner.has(task)) continue;
    const candidates = sorted.filter(({ memberId }) => able.get(memberId)!.has(task));
    const keepers = candidates.filter(({ memberId }) => warm.get(memberId)!.has(task));
    const { memberId } = (keepers.length > 0 ? keepers : candidates).reduce((least, other) =>
      assigned.get(other.memberId)!.length < assigned.get(least.memberId)!.length ? other : least
    );
    assigned.get(memberId)!.push(task);
  }
  while (moveOne(assigned, { able, warm }));
  return assigned;
}

/**
 * Moves one task from a member that has at least two more than another: one whose rows are warm there, if there is one.
 * False if there is none to move.
 */
function moveOne(
  assigned: Map<string, string[]>,
  { able, warm }: Readonly<Record<"able" | "warm", ReadonlyMap<string, ReadonlySet<string>>>>,
): boolean {
  const byLoad = [...assigned.keys()].sort((a, b) =>
    assigned.get(a)!.length - assigned.get(b)!.length || compare(a, b)
  );
  for (const from of byLoad.toReversed()) {
    for (const to of byLoad) {
      if (assigned.get(from)!.length - assigned.get(to)!.length < 2) break;
      const tasks = assigned.get(from)!;
      const known = (task: string) => able.get(to)!.has(task);
      const kept = tasks.findLastIndex((task) => known(task) && warm.get(to)!.has(task));
      const index = kept >= 0 ? kept : tasks.findLastIndex(known);
      if (index < 0) continue;
      assigned.get(to)!.push(...tasks.splice(index, 1));
      return true;
    }
  }
  return false;
}

/** By code units: the same on every machine, whatever its language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
