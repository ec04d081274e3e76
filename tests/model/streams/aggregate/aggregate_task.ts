import type { Steps } from "../network.ts";
import type { ChangelogRecord, Fact } from "./changelog.ts";
import { emptyState, fold, keyOf, learn, positionFact, type State, subjectOf } from "./state.ts";
import type { AggregateWorld, Task } from "./world.ts";

/** Records that are read at once, of the changelog and of the repartition topic. */
const RECORDS_MAX = 4;

/** Another process has the task. */
class TenureOver extends Error {}

/** What a task is doing. */
interface Run {
  readonly task: Task;
  readonly state: State;
  /** The changelog's end when there was nothing to delete in it. */
  cleanTo: number;
  /** How far the changelog was read, what others write after the start included. */
  readTo: number;
  /** Batches so far. */
  batches: number;
  /** The log's time when the tenure was confirmed last, and how long the process had been awake then. */
  stamp: number;
  confirmedAt: number;
}

/** Folds a partition of the repartition topic. */
export function* aggregate(world: AggregateWorld, task: Task): Steps {
  const run: Run = { task, state: emptyState(), cleanTo: 0, readTo: 0, batches: 0, stamp: 0, confirmedAt: 0 };
  try {
    yield* confirm(world, run);
    const begunAt = task.process.awake;
    yield* load(world, run);
    for (;;) {
      yield;
      if (task.process.awake - run.confirmedAt >= world.confirmTicks) yield* confirm(world, run);
      const othersAreDead = task.process.awake - begunAt > world.lateMax;
      const mayClean = othersAreDead || !world.keeps("deadOwnersOnly");
      if (world.sharedKeys) yield* answer(world, run);
      else if (mayClean && world.choices.chance(world.cleaning)) yield* clean(world, run);
      if (run.state.position < world.shuffled[task.partition].start) yield* loadAgain(world, run);
      else yield* foldSome(world, run);
    }
  } catch (error) {
    if (!(error instanceof TenureOver)) throw error;
    world.count("tasks whose tenure was over");
  }
}

/** @throws TenureOver */
function* confirm(world: AggregateWorld, run: Run): Steps {
  const { id, tenure, process } = run.task;
  const answer = yield* world.network.ask<number | null>((reply) => {
    reply(world.tenures.get(id) === tenure ? world.now : null);
  });
  if (answer === null) throw new TenureOver();
  run.stamp = answer!;
  run.confirmedAt = process.awake;
}

/**
 * Reads the changelog to its end: not to the one that it has now, but to the one that it has then. What it says is
 * shown, as whoever wrote it may not have come to that.
 */
function* load(world: AggregateWorld, run: Run): Steps {
  const { task, state } = run;
  const { log } = world.changelogs[task.partition];
  const firstEnd = log.end;
  let next = log.start;
  while (next < (world.keeps("loadToEnd") ? log.end : firstEnd)) {
    for (let count = 0; count < RECORDS_MAX; count++) {
      const record = log.next(next);
      if (record === undefined || (!world.keeps("loadToEnd") && record.offset >= firstEnd)) {
        next = log.end;
        break;
      }
      learn(world, state, { record: record.value, task });
      next = record.offset + 1;
    }
    yield;
  }
  if (world.keeps("shownAgain")) yield* show(world, run, { groups: state.groups.keys() });
}

/** A former owner was further, and has purged what it had made durable. */
function* loadAgain(world: AggregateWorld, run: Run): Steps {
  const { start } = world.shuffled[run.task.partition];
  world.count("records purged by a former owner");
  if (world.keeps("loadedAgain")) yield* load(world, run);
  else run.state.position = start;
  if (run.state.position < start) world.fail(`${run.task.id} is at ${run.state.position}, the log begins at ${start}`);
}

/** What other owners have written is written under the own keys, and theirs are deleted. */
function* clean(world: AggregateWorld, run: Run): Steps {
  const { state, task } = run;
  const { end } = world.changelogs[task.partition].log;
  if (end === run.cleanTo) return;
  yield* load(world, run);
  if (state.foreign.size === 0) {
    run.cleanTo = end;
    return;
  }
  world.deleting.push(task);
  yield;
  const subjects = new Set(state.foreign.values());
  const facts = [positionFact(state), ...state.groups.values()].filter((fact) => subjects.has(subjectOf(fact)));
  const deleted = [...state.foreign.keys()].map((key) => ({ key, fact: null }));
  yield* produce(world, run, {
    written: [...facts.map((fact) => keyed(world, { task, fact })), ...deleted],
  });
  state.foreign.clear();
  world.count("keys of former owners deleted");
}

/** Where the last record of a key says less than an earlier one, the earlier one is written again. */
function* answer(world: AggregateWorld, run: Run): Steps {
  const { state, task } = run;
  if (!world.keeps("answers")) return;
  const { log } = world.changelogs[task.partition];
  const known = new Map(state.groups);
  for (let record = log.next(run.readTo); record !== undefined; record = log.next(run.readTo)) {
    learn(world, state, { record: record.value, task });
    run.readTo = record.offset + 1;
  }
  const groups = [...state.groups.keys()].filter((group) => state.groups.get(group) !== known.get(group));
  yield* show(world, run, { groups });
  const hidden = [...state.written].filter(([, { last, greatest }]) => last < greatest.position);
  if (hidden.length === 0) return;
  yield* produce(world, run, { written: hidden.map(([key, { greatest }]) => ({ key, fact: greatest })) });
  world.count("records answered");
}

/** Some records are counted, made durable, and shown. */
function* foldSome(world: AggregateWorld, run: Run): Steps {
  const { state, task } = run;
  const log = world.shuffled[task.partition];
  const changed = new Set<number>();
  const { position } = state;
  for (const most = position + 1 + world.choices.below(RECORDS_MAX); state.position < most; state.position++) {
    const record = log.next(state.position);
    if (record === undefined) break;
    const group = fold(world, state, record);
    if (group !== null) changed.add(group);
  }
  task.idleAt = state.position === position ? { topicId: log.topicId, position } : null;
  if (task.idleAt !== null) return;
  const durable = state.position;
  if (!world.keeps("purgedBehind")) log.cut(durable);
  const facts = [...changed].map((group) => state.groups.get(group)!);
  const groups = facts.map((fact) => keyed(world, { task, fact }));
  const place = keyed(world, { task, fact: positionFact(state) });
  const inOrder = world.keeps("positionLast") ? [...groups, place] : [place, ...groups];
  const part = world.divided ? 1 : inOrder.length;
  for (let from = 0; from < inOrder.length; from += part) {
    yield* produce(world, run, { written: inOrder.slice(from, from + part) });
  }
  yield* show(world, run, { groups: changed });
  if (world.choices.chance(0.3)) world.network.send(() => log.cut(durable));
}

/** A fact under the key under which the task writes it. */
function keyed(
  world: AggregateWorld,
  { task: { owner }, fact }: { readonly task: Task; readonly fact: Fact },
): Pick<ChangelogRecord, "key" | "fact"> {
  return { key: keyOf(world, { owner, fact }), fact };
}

/** @throws TenureOver */
function* produce(
  world: AggregateWorld,
  run: Run,
  { written }: { readonly written: readonly Pick<ChangelogRecord, "key" | "fact">[] },
): Steps {
  const { owner, partition, tenure } = run.task;
  const records = written.map((record) => ({ ...record, tenure }));
  const seq = ++run.batches;
  for (;;) {
    const { stamp } = run;
    const answer = yield* world.network.ask<"stored" | "too late">((reply) => {
      reply(world.changelogs[partition].produce({ producer: owner, seq, stamp, records }));
    });
    if (answer === "stored") return;
    yield* confirm(world, run);
  }
}

function* show(world: AggregateWorld, { state }: Run, { groups }: { readonly groups: Iterable<number> }): Steps {
  for (const group of groups) {
    const fact = state.groups.get(group)!;
    yield* world.network.ask<true>((reply) => {
      const shown = world.sink.get(group)?.position ?? -1;
      if (fact.position >= shown || !world.keeps("sinkPosition")) world.sink.set(group, fact);
      reply(true);
    });
  }
}
