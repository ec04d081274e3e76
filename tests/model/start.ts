import { compareAtStart } from "./comparison.ts";
import { fold, globalChanged } from "./evaluation.ts";
import { send } from "./outbox.ts";
import { programHashOf } from "./program.ts";
import { contentOf, refusalOf, type Snapshot } from "./snapshot_file.ts";
import type { Standby } from "./standby.ts";
import { entryOf, mark, type Task } from "./task.ts";
import { digestOf, UNKNOWN } from "./values.ts";
import { RETENTION, type World } from "./world.ts";

/** The first step of a life: HELLO, then whatever there is that need not be read from the log. */
export function begin(world: World, task: Task): void {
  const inbox = world.inbox(task.id);
  const log = world.source(task.id);
  const standby = task.instance.standbys.get(task.id);
  task.instance.standbys.delete(task.id);
  const present = world.tasks.get(task.id);
  if (standby !== undefined && !world.keeps("standbyHello") && present !== undefined) {
    task.epoch = present.epoch;
    task.inboxPosition = inbox.end;
  } else {
    task.inboxPosition = inbox.append("", { value: null, time: world.now }) + 1;
    task.epoch = world.epochAt(task.inboxPosition - 1);
  }
  task.topicId = log.topicId;
  task.position = log.start;
  task.freshTime = world.now;
  readSnapshot(world, task);
  if (standby !== undefined) takeOver(world, task, { standby });
  task.loadEnd = world.keeps("loadBeforeEvaluation") ? log.end : task.position;
  task.globalEnds = task.instance.globalPositions.map((_, partition) => world.source(`G${partition}`).end);
  if (!world.keeps("serverHello")) return;
  for (const home of world.homesOf(task.table)) send(world, task, { to: home, content: { kind: "hello" } });
}

/** A snapshot only ever replaces reading what it covers. */
function readSnapshot(world: World, task: Task): void {
  const file = task.instance.directory.get(task.id);
  if (file === undefined) return;
  const { plan, generation, now } = world;
  const keeps = (rule: Parameters<World["keeps"]>[0]) => world.keeps(rule);
  const log = world.source(task.id);
  const refusal = refusalOf(file, { task: task.id, log, plan, generation, now, retention: RETENTION, keeps });
  if (refusal !== null) {
    world.count(`ignored for ${refusal}`);
    if (world.alone && refusal !== "retention") {
      world.fail(`Q ${task.id}: its snapshot was ignored for ${refusal}`);
    }
    return;
  }
  const snapshot = contentOf(file);
  const { header, sections } = snapshot;
  for (const [key, row] of sections.rows) entryOf(task, key).row = row;
  for (const [key, former] of sections.former) task.former.set(key, former);
  task.position = header.position;
  task.leaderEpoch = header.leaderEpoch;
  if (world.keeps("retention")) task.freshTime = header.freshTime;
  world.count("snapshots read");
  if (header.programHash === programHashOf(plan) || !world.keeps("programHash")) takeEvaluations(task, snapshot);
  else world.count("snapshots of which rows were kept");
}

function takeEvaluations(task: Task, snapshot: Snapshot): void {
  const { evaluations, rights, globals, shares } = snapshot.sections;
  task.restored = snapshot;
  for (const [use, held] of rights) task.rights.set(use, { value: UNKNOWN, held, users: new Set() });
  for (const { key, uses, shown, contribution, pending } of evaluations) {
    Object.assign(entryOf(task, key), { uses, shown, contribution, pending });
    for (const use of uses) task.rights.get(use)?.users.add(key);
    if (contribution !== null) fold(task, contribution);
  }
  for (const [use, digest] of globals) task.globals.set(use, digest);
  for (const [key, digest] of shares) task.shares.set(key, digest);
}

/** Takes the rows of a standby, which has read further. Everything else is as at any start. */
function takeOver(world: World, task: Task, { standby }: { readonly standby: Standby }): void {
  if (standby.topicId !== task.topicId && world.keeps("standbyTopicId")) return;
  if (world.now - standby.freshTime > RETENTION / 2 && world.keeps("standbyFresh")) return;
  if (standby.position < task.position || standby.position > world.source(task.id).end) return;
  world.count("standbys that took over");
  for (const key of new Set([...task.entries.keys(), ...standby.rows.keys()])) {
    const row = standby.rows.get(key) ?? null;
    if (digestOf(task.entries.get(key)?.row ?? null) === digestOf(row)) continue;
    const entry = entryOf(task, key);
    entry.row = row;
    entry.pending = true;
  }
  task.former.clear();
  for (const [key, former] of standby.former) task.former.set(key, former);
  task.position = world.keeps("standbyReadsOn") ? standby.position : world.source(task.id).end;
  task.leaderEpoch = standby.leaderEpoch;
  task.freshTime = world.keeps("standbyFresh") ? standby.freshTime : world.now;
}

/** Whether everything was read that must be before anything is evaluated. */
export function isLoaded(world: World, task: Task): boolean {
  const next = world.source(task.id).next(task.position);
  if (next !== undefined && next.offset < task.loadEnd) return false;
  if (task.table !== "L") return true;
  return task.globalEnds.every((end, partition) => {
    const record = world.source(`G${partition}`).next(task.instance.globalPositions[partition]);
    return record === undefined || record.offset >= end;
  });
}

/** Own rows and global rows are known: compares with ClickHouse, asks for right rows, marks what must be evaluated. */
export function open(world: World, task: Task): void {
  task.loaded = true;
  if (!world.keeps("inboxFromHello")) task.inboxPosition = world.inbox(task.id).end;
  compareAtStart(world, task);
  // A server must know what it serves: all of it is evaluated.
  const everything = task.restored === null || task.table !== "L";
  for (const [key, { pending }] of task.entries) if (everything || pending) mark(task, key);
  if (world.keeps("globalsCompared")) {
    for (const use of [...task.globals.keys()]) globalChanged(task, use.slice("G/".length));
  }
  for (const [use, right] of task.rights) {
    if (world.keeps("rightRowsAsked")) task.toAsk.add(use);
    else right.value = right.held!;
  }
  task.restored = null;
}
