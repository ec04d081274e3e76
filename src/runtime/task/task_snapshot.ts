import { type Key, keyText, parseKeyText } from "../../record/key.ts";
import type { Chore } from "../../state/chores.ts";
import { Entries, PENDING } from "../../state/entries.ts";
import type { Links } from "../../state/links.ts";
import { AskedRights, GlobalRights } from "../../state/right_store.ts";
import { endsStep, type Loading, NO_SLOT, ownSections, type Slot } from "../../state/slots.ts";
import { type SnapshotReader, SnapshotWriter } from "../../state/snapshot_file.ts";
import { saveShares } from "../outputs/remembered_shares.ts";
import type { Task } from "./task.ts";

/** What is done before {@link saveTask}, which is one turn, so that this is a short one. In steps. */
export function* prepareSave(task: Task): Loading {
  for (const store of task.stores) if (store instanceof GlobalRights) yield* store.remember();
}

/**
 * What a task knows, for its next start: rows, right rows and who uses them, what each entry contributes to groups, and
 * digests of what sinks show and of what was told. The order of the sections follows from the table's plan. All of it
 * is of this moment; nearly nothing is copied, or looked through, before it is written.
 *
 * @throws TypeError for a value that no text can stand for, now or when it is written
 */
export function saveTask(task: Task, to: SnapshotWriter): void {
  task.source.save(to);
  const rights = new SnapshotWriter();
  for (const store of task.stores) {
    store.keys.save(rights);
  }
  to.group(rights);
  task.entries.keys.save(to);
  for (const group of task.groups) group.save(to);
  for (const sink of task.shareSinks) if (sink !== null) saveShares(sink.shares, to);
  // Their rows are evaluated again: refused ones so that their dead letters stay what they are, those held since they
  // are missing, and users of a right row that the walk over them may not have come to.
  for (const sink of task.sinks) {
    const keys = [...sink.refusedKeys(), ...Array.from(sink.held(), (entry) => task.entries.keys.keyOf(entry))];
    to.later(ownSections(function* (to) {
      to.texts(keys.map(keyText));
      yield;
    }));
  }
  const walked = [...task.queue.walked()];
  to.array(
    Int32Array.from(walked.flatMap(([links, right]) => [task.stores.findIndex((s) => s.links === links), right])),
  );
  task.expiry?.save(to);
}

/**
 * Puts what {@link saveTask} wrote into a task that has just begun. Entries that were evaluated are not evaluated by
 * the start unless something of them is not as it was: their row, by what is read of the topic from here on; what sinks
 * show, by what ClickHouse says; right rows, by what whoever serves them answers, or by the global table
 * ({@link markChanged}).
 *
 * @throws RangeError for what does not fit: the task must be thrown away
 */
export function* restoreTask(task: Task, from: SnapshotReader): Loading {
  const { entries, stores, sinks, groups, servers, table } = task;
  yield* task.source.load(from);
  for (const store of stores) yield* store.keys.load(from);
  from.endGroup();
  yield* entries.keys.load(from);
  const keys: (readonly (Key | null)[])[] = [];
  for (const group of groups) keys.push(yield* group.load(from));
  for (const [index, sink] of task.shareSinks.entries()) {
    if (sink !== null) yield* sink.remembered.load(from, keys[index]);
  }
  yield* entries.restored();
  for (const sink of sinks) {
    yield* sink.digests.restored();
    for (const text of from.texts()) {
      const entry = text === null ? NO_SLOT : entries.keys.find(parseKeyText(text));
      if (entry !== NO_SLOT) entries.raise(entry, PENDING);
    }
  }
  const walked = from.array(Int32Array);
  for (let index = 0; index < walked.length; index += 2) {
    const store = stores[walked[index]];
    if (store === undefined || !store.keys.isUsed(walked[index + 1])) {
      throw new RangeError("it is damaged: no such row");
    }
    markUsers(task.entries, { links: store.links, right: walked[index + 1] });
  }
  task.expiry?.load(from);
  for (const server of servers) yield* server.restored({ derived: table.lookups.length > 0 });
  for (const store of stores) if (store instanceof AskedRights) yield* store.restored();
  task.restored = true;
  task.conversation.askForAll();
}

/**
 * As {@link restoreTask}, of a task that computes something else from the same rows: these alone are taken, and all of
 * them are evaluated.
 *
 * @throws RangeError for what does not fit: the task must be thrown away
 */
export function* restoreRows(task: Task, from: SnapshotReader): Loading {
  yield* task.source.load(from);
  yield* from.skipGroup();
  const { members } = task.entries;
  // Of what is kept of entries, the rows come first.
  const saved = new Entries(members.length);
  yield* saved.keys.load(from);
  for (const entry of saved.keys.used()) {
    if (endsStep(entry)) yield;
    const key = saved.keys.keyOf(entry);
    for (const [member, rows] of saved.members.entries()) {
      if (rows.has(entry)) task.setRow(member, key, rows.read(entry));
    }
  }
}

/**
 * When the global tables are here: entries that use a row of them that is not what it was are to be evaluated. In
 * steps: of a row that changes between two of them its users are told, as ever, and what was remembered is forgotten.
 */
export function* markChanged(task: Task): Loading {
  for (const store of task.stores) {
    if (!(store instanceof GlobalRights)) continue;
    for (const right of store.restored()) {
      if (right === NO_SLOT) yield;
      else markUsers(task.entries, { links: store.links, right });
    }
  }
}

function markUsers(entries: Entries, { links, right }: { readonly links: Links; readonly right: Slot }): void {
  links.forEachUser(right, (user) => entries.raise(user, PENDING));
}

/**
 * Evaluates every entry once, behind everything else: a callback may depend on more than its row, and then it would
 * never be found out that a snapshot's results are not those of this program.
 */
export function* evaluateAll(task: Task): Chore {
  for (const entry of task.entries.keys.used()) {
    task.evaluate(entry);
    yield;
  }
  task.catchingUp = false;
}
