import type { Steps } from "../network.ts";
import type { ChangelogRecord, Fact } from "./changelog.ts";
import { clean } from "./cleaner.ts";
import { emptyState, fold, keyOf, learn, positionFact, type State } from "./state.ts";
import type { AggregateWorld, Task } from "./world.ts";

/** Records that are read at once, of the changelog and of the repartition topic. */
const RECORDS_MAX = 4;

/** Another process has the task. */
class TenureOver extends Error {}

/** A later start stands in the repartition topic. */
class Superseded extends Error {}

/** What one start of a task is doing. */
interface Run {
  readonly task: Task;
  /** Names this start. */
  readonly owner: string;
  /** Where it stands in the repartition topic. */
  begun: number;
  readonly state: State;
  /** What is durable of the repartition topic. */
  durable: number;
  /** How far the changelog was read, what others write after the start included. */
  readTo: number;
  /** Batches so far. */
  batches: number;
  /** How long the process had been awake when the tenure was confirmed last. */
  confirmedAt: number;
}

/** Folds a partition of the repartition topic: begins again when another start has begun. */
export function* aggregate(world: AggregateWorld, task: Task): Steps {
  for (;;) {
    try {
      yield* runOnce(world, task);
    } catch (error) {
      if (error instanceof TenureOver) return world.count("tasks whose tenure was over");
      if (!(error instanceof Superseded)) throw error;
      world.count("starts that found a later one");
    }
  }
}

/** @throws TenureOver, Superseded */
function* runOnce(world: AggregateWorld, task: Task): Steps {
  yield* confirm(world, task);
  const owner = `${task.id}.${++world.ownersEver}`;
  const log = world.shuffled[task.partition];
  const run: Run = {
    ...{ task, owner, begun: 0, state: emptyState(), durable: 0, readTo: 0, batches: 0 },
    confirmedAt: task.process.awake,
  };
  if (world.keeps("readBefore")) yield* load(world, run);
  const begins = (reply: (offset: number) => void) => reply(world.shuffle(task.partition, { begins: owner }));
  const begun = run.begun = (yield* world.network.ask<number>(begins))!;
  if (!world.keeps("readBefore")) yield* load(world, run);
  run.durable = run.state.position;
  const cleaner = world.sharedKeys ? null : clean(world, { task, owner, begun, durable: () => run.durable });
  for (;;) {
    yield;
    if (task.process.awake - run.confirmedAt >= world.confirmTicks) {
      yield* confirm(world, task);
      run.confirmedAt = task.process.awake;
    }
    if (world.sharedKeys) yield* answer(world, run);
    if (run.state.position < log.start) yield* loadAgain(world, run);
    // Side by side, as the cleaner waits for the log, too.
    else for (const step of foldSome(world, run)) (cleaner?.next(), yield step);
    cleaner?.next();
  }
}

/** @throws TenureOver */
function* confirm(world: AggregateWorld, { id, tenure }: Task): Steps {
  const isOwn = yield* world.network.ask<boolean>((reply) => reply(world.tenures.get(id) === tenure));
  if (isOwn !== true) throw new TenureOver();
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
      learn(world, state, record.value);
      next = record.offset + 1;
    }
    yield;
  }
  if (world.keeps("shownAgain")) yield* show(world, run, { groups: state.groups.keys() });
}

/**
 * A former owner was further, and has purged what it had made durable. Perhaps a later start stood there, too, so the
 * task begins again. @throws Superseded
 */
function* loadAgain(world: AggregateWorld, run: Run): Steps {
  const { start } = world.shuffled[run.task.partition];
  world.count("records purged by a former owner");
  if (world.keeps("loadedAgain") && world.keeps("begunAgain")) throw new Superseded();
  if (world.keeps("loadedAgain")) yield* load(world, run);
  else run.state.position = start;
  if (run.state.position < start) world.fail(`${run.task.id} is at ${run.state.position}, the log begins at ${start}`);
}

/** Where the last record of a key says less than an earlier one, the earlier one is written again. */
function* answer(world: AggregateWorld, run: Run): Steps {
  const { state, task } = run;
  if (!world.keeps("answers")) return;
  const { log } = world.changelogs[task.partition];
  const known = new Map(state.groups);
  for (let record = log.next(run.readTo); record !== undefined; record = log.next(run.readTo)) {
    learn(world, state, record.value);
    run.readTo = record.offset + 1;
  }
  const groups = [...state.groups.keys()].filter((group) => state.groups.get(group) !== known.get(group));
  yield* show(world, run, { groups });
  const hidden = [...state.written].filter(([, { last, greatest }]) => last < greatest.position);
  if (hidden.length === 0) return;
  yield* produce(world, run, { written: hidden.map(([key, { greatest }]) => ({ key, fact: greatest })) });
  world.count("records answered");
}

/** Some records are counted, made durable, and shown. @throws Superseded */
function* foldSome(world: AggregateWorld, run: Run): Steps {
  const { state, task } = run;
  const log = world.shuffled[task.partition];
  const changed = new Set<number>();
  const { position } = state;
  for (const most = position + 1 + world.choices.below(RECORDS_MAX); state.position < most; state.position++) {
    const record = log.next(state.position);
    if (record === undefined) break;
    const { offset, value } = record;
    if (!("begins" in value)) {
      const group = fold(world, state, { offset, value });
      if (group !== null) changed.add(group);
    } else if (value.begins !== run.owner && offset > run.begun && world.keeps("fenced")) throw new Superseded();
  }
  task.idleAt = state.position === position ? { topicId: log.topicId, position } : null;
  if (task.idleAt !== null) return;
  const durable = state.position;
  if (!world.keeps("purgedBehind")) log.cut(durable);
  const facts = [...changed].map((group) => state.groups.get(group)!);
  const groups = facts.map((fact) => keyed(world, { run, fact }));
  const place = keyed(world, { run, fact: positionFact(state) });
  const inOrder = world.keeps("positionLast") ? [...groups, place] : [place, ...groups];
  const part = world.divided ? 1 : inOrder.length;
  for (let from = 0; from < inOrder.length; from += part) {
    yield* produce(world, run, { written: inOrder.slice(from, from + part) });
  }
  run.durable = durable;
  yield* show(world, run, { groups: changed });
  if (world.choices.chance(0.3)) world.network.send(() => log.cut(durable));
}

/** A fact under the key under which the task writes it. */
function keyed(
  world: AggregateWorld,
  { run: { owner }, fact }: { readonly run: Run; readonly fact: Fact },
): Pick<ChangelogRecord, "key" | "fact"> {
  return { key: keyOf(world, { owner, fact }), fact };
}

function* produce(
  world: AggregateWorld,
  run: Run,
  { written }: { readonly written: readonly Pick<ChangelogRecord, "key" | "fact">[] },
): Steps {
  const { owner, begun, task: { partition } } = run;
  const batch = { producer: owner, seq: ++run.batches, records: written.map((record) => ({ ...record, begun })) };
  yield* world.network.ask<true>((reply) => {
    world.changelogs[partition].produce(batch);
    reply(true);
  });
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
