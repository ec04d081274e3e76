import type { Steps } from "../network.ts";
import type { ChangelogRecord, Fact } from "./changelog.ts";
import { keyOf, subjectOf } from "./state.ts";
import type { AggregateWorld, Task } from "./world.ts";

/** Records that are read at once, and subjects of which copies are deleted at once. */
const RECORDS_MAX = 4;
const SUBJECTS_MAX = 2;

/** The start whose task cleans. */
export interface Cleaning {
  readonly task: Task;
  readonly owner: string;
  /** Where it stands in the repartition topic. */
  readonly begun: number;
  /** All that the records before it make is in the changelog, under the own name or in what was read at the start. */
  readonly durable: () => number;
}

/** What the changelog has of one subject. */
interface Found {
  greatest: ChangelogRecord;
  /** Of keys that nobody has deleted, and that are no former owner's: the position of each. */
  readonly kept: Map<string, number>;
  /** The last one that was read of former owners'. */
  last: ChangelogRecord;
  /** Keys of former owners, and what was read of them. */
  readonly former: Map<string, ChangelogRecord>;
}

/**
 * Deletes what former owners have left, beside whatever else its task does: of some subjects the greatest fact is
 * written again under a name of its own, and then the keys of former owners are deleted.
 */
export function* clean(world: AggregateWorld, cleaning: Cleaning): Steps {
  let copies = 0;
  for (let cleanTo = -1;;) {
    yield;
    const { log } = world.changelogs[cleaning.task.partition];
    if (log.end === cleanTo || !world.choices.chance(world.cleaning)) continue;
    if (world.keeps("behindMarker") && cleaning.durable() <= cleaning.begun) continue;
    const { end } = log;
    const found = [...yield* read(world, cleaning)].filter(([, { former }]) => former.size > 0);
    if (found.length === 0) cleanTo = end;
    else yield* cleanSome(world, cleaning, { found: found.slice(0, SUBJECTS_MAX), number: ++copies });
  }
}

/** Everything to the end that the changelog has then, by subject. */
function* read(world: AggregateWorld, { task, begun, owner }: Cleaning): Steps<Map<string, Found>> {
  const { log } = world.changelogs[task.partition];
  const found = new Map<string, Found>();
  const subjects = new Map<string, string>();
  for (let next = log.start; next < log.end;) {
    for (let count = 0; count < RECORDS_MAX; count++) {
      const record = log.next(next)?.value;
      next = (log.next(next)?.offset ?? log.end) + 1;
      if (record === undefined) break;
      const { key, fact } = record;
      const subject = fact === null ? subjects.get(key) : subjectOf(fact);
      if (subject === undefined) continue;
      subjects.set(key, subject);
      const known = found.get(subject);
      if (fact === null) {
        known!.former.delete(key);
        known!.kept.delete(key);
        continue;
      }
      const of = known ?? { greatest: record, last: record, kept: new Map(), former: new Map() };
      if (fact.position > of.greatest.fact!.position) of.greatest = record;
      const isFormer = world.keeps("olderOwnersOnly") ? record.begun < begun : !key.includes(` of ${owner}`);
      if (isFormer) of.former.set(key, of.last = record);
      else of.kept.set(key, fact.position);
      found.set(subject, of);
    }
    yield;
  }
  return found;
}

function* cleanSome(
  world: AggregateWorld,
  { task, owner, begun }: Cleaning,
  { found, number }: { readonly found: readonly (readonly [string, Found])[]; readonly number: number },
): Steps {
  const copied = (fact: Fact) => ({ key: keyOf(world, { owner: `${owner}.copy${number}`, fact }), begun, fact });
  const hidden = (fact: Fact) => ({ key: keyOf(world, { owner, fact }), begun, fact });
  const copies = found.flatMap(([subject, { greatest, last, kept, former }]) => {
    // The own position is beyond all of theirs.
    if (subject === "position") return [];
    // What was deleted is as good a fact as any, but its copy may be what is deleted now.
    const stays = world.keeps("keptCounts")
      ? Math.max(...kept.values()) >= greatest.fact!.position
      : !former.has(greatest.key);
    if (stays) return [];
    const { fact } = world.keeps("greatestCopied") ? greatest : last;
    if (fact!.kind === "group" && fact!.items === null && !world.keeps("goneCopied")) return [];
    return [world.keeps("copyKeys") ? copied(fact!) : hidden(fact!)];
  });
  const tombstones = found.flatMap(([, { former }]) =>
    [...former.values()].map((record) => ({ ...record, fact: null }))
  );
  const produce = function* (name: string, records: readonly ChangelogRecord[]): Steps {
    if (records.length === 0) return;
    const batch = { producer: `${owner}.${name}${number}`, seq: 1, records };
    yield* world.network.ask<true>((reply) => {
      world.changelogs[task.partition].produce(batch);
      reply(true);
    });
  };
  const isFirst = world.keeps("copiedFirst");
  if (isFirst) yield* produce("copies", copies);
  world.deleting.push(task);
  yield;
  yield* produce("tombstones", tombstones);
  if (!isFirst) yield* produce("copies", copies);
  world.count("slices in which keys of former owners were deleted");
  if (copies.length > 0) world.count("slices in which facts were copied");
}
