import { compare, type MemberClaim } from "./assign_tasks.ts";

/** Standbys as they are being handed out. */
interface Handed {
  readonly keepers: readonly MemberClaim[];
  readonly able: ReadonlyMap<string, ReadonlySet<string>>;
  readonly ownerOf: ReadonlyMap<string, string>;
  /** By member. */
  readonly standbys: Map<string, string[]>;
  /** By task. */
  readonly keptBy: Map<string, string[]>;
}

/** A member as the standby of a task. */
interface Copy {
  readonly memberId: string;
  readonly task: string;
}

/**
 * Who keeps the rows of which task warm, when `assigned` says who runs it: for each task as many members as the one
 * that wants most of them wants, none of which is its owner, and only of those that want any. Sticky: a member keeps
 * what it has, as far as balance allows; nobody has two standbys more than another that could take one of them. The
 * standbys of one owner's tasks are spread, so that these are spread when it leaves. A pure function of its arguments.
 */
export function assignStandbys(
  members: readonly MemberClaim[],
  assigned: ReadonlyMap<string, readonly string[]>,
): Map<string, string[]> {
  const sorted = [...members].sort((a, b) => compare(a.memberId, b.memberId));
  const copies = Math.max(0, ...sorted.map(({ standbysWanted = 0 }) => standbysWanted));
  const handed: Handed = {
    keepers: sorted.filter(({ standbysWanted = 0 }) => standbysWanted > 0),
    able: new Map(sorted.map(({ memberId, tasks }) => [memberId, new Set(tasks)])),
    ownerOf: new Map([...assigned].flatMap(([memberId, tasks]) => tasks.map((task) => [task, memberId] as const))),
    standbys: new Map(sorted.map(({ memberId }) => [memberId, []])),
    keptBy: new Map(),
  };
  for (const [task] of handed.ownerOf) handed.keptBy.set(task, []);
  // The newer claim wins, as with tasks.
  for (const { memberId, standbys = [] } of [...handed.keepers].sort((a, b) => b.generation - a.generation)) {
    for (const task of standbys) {
      if (mayKeep(handed, { memberId, task }) && handed.keptBy.get(task)!.length < copies) {
        give(handed, { memberId, task });
      }
    }
  }
  for (const task of [...handed.ownerOf.keys()].sort(compare)) {
    while (handed.keptBy.get(task)!.length < copies) {
      const memberId = leastOf(handed, { task, assigned });
      if (memberId === null) break;
      give(handed, { memberId, task });
    }
  }
  while (moveOne(handed));
  return handed.standbys;
}

/** Whether the member could keep one more standby of the task. */
function mayKeep({ able, ownerOf, keptBy }: Handed, { memberId, task }: Copy): boolean {
  const owner = ownerOf.get(task);
  return owner !== undefined && owner !== memberId && able.get(memberId)!.has(task) &&
    !keptBy.get(task)!.includes(memberId);
}

function give({ standbys, keptBy }: Handed, { memberId, task }: Copy): void {
  standbys.get(memberId)!.push(task);
  keptBy.get(task)!.push(memberId);
}

/** Who keeps fewest standbys; of those, fewest of the same owner; of those, who runs fewest tasks. */
function leastOf(
  handed: Handed,
  { task, assigned }: { readonly task: string; readonly assigned: ReadonlyMap<string, readonly string[]> },
): string | null {
  const { keepers, standbys, ownerOf } = handed;
  const owner = ownerOf.get(task)!;
  const ranked = keepers.filter(({ memberId }) => mayKeep(handed, { memberId, task })).map(({ memberId }) => {
    const kept = standbys.get(memberId)!;
    const ofOwner = kept.filter((other) => ownerOf.get(other) === owner).length;
    return { memberId, rank: [kept.length, ofOwner, assigned.get(memberId)!.length] };
  });
  ranked.sort((a, b) => compareRanks(a.rank, b.rank) || compare(a.memberId, b.memberId));
  return ranked[0]?.memberId ?? null;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - b[index];
  return 0;
}

/** Moves one standby from a member that keeps at least two more than another; false if there is none to move. */
function moveOne(handed: Handed): boolean {
  const { keepers, standbys, keptBy } = handed;
  const byLoad = keepers.map(({ memberId }) => memberId).sort((a, b) =>
    standbys.get(a)!.length - standbys.get(b)!.length || compare(a, b)
  );
  for (const from of byLoad.toReversed()) {
    for (const to of byLoad) {
      if (standbys.get(from)!.length - standbys.get(to)!.length < 2) break;
      const index = standbys.get(from)!.findLastIndex((task) => mayKeep(handed, { memberId: to, task }));
      if (index < 0) continue;
      const [task] = standbys.get(from)!.splice(index, 1);
      keptBy.set(task, keptBy.get(task)!.filter((memberId) => memberId !== from));
      give(handed, { memberId: to, task });
      return true;
    }
  }
  return false;
}
