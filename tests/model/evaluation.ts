import { put, send } from "./outbox.ts";
import { evaluateRow, type Outcome } from "./program.ts";
import { type Entry, entryOf, lastKnown, mark, type RightRow, type Task } from "./task.ts";
import { digestOf, type Row, UNKNOWN } from "./values.ts";
import type { World } from "./world.ts";

/** The right row as the home knows it. One that nobody here has used before is asked for. */
function rightRow(world: World, task: Task, { use }: { readonly use: string }): RightRow {
  let right = task.rights.get(use);
  if (right === undefined) {
    right = { value: UNKNOWN, held: undefined, users: new Set() };
    task.rights.set(use, right);
    subscribe(world, task, { use });
  } else if (right.value === UNKNOWN && right.held !== undefined && world.choices.chance(0.5)) {
    // An entry waits for it: it need not wait for its block.
    subscribe(world, task, { use });
  }
  return right;
}

/** Asks the server of a right row for it, with the digest of what is held of it. */
export function subscribe(world: World, task: Task, { use }: { readonly use: string }): void {
  const row = lastKnown(task.rights.get(use)!);
  const held = row === undefined ? undefined : digestOf(row);
  const { server, key } = serverOf(world, use);
  send(world, task, { to: server, content: { kind: "subscribe", key, held } });
}

/** The task that a right row ("O/o1") is asked of, and the row's key there. */
export function serverOf(world: World, use: string): { readonly server: string; readonly key: string } {
  const [table, key] = use.split("/");
  return { server: world.placeOf(table, key), key };
}

/** Evaluates the entry with what is known; it stays pending while a partner is UNKNOWN. */
function evaluate(world: World, task: Task, { key }: { readonly key: string }): void {
  const entry = entryOf(task, key);
  const uses: string[] = [];
  let outcome: Outcome = { result: null, added: 0, failed: false };
  task.work.delete(key);
  if (entry.row !== null) {
    outcome = evaluateRow(task.table, entry.row, {
      plan: world.plan,
      look: (table, partner) => {
        const use = `${table}/${partner}`;
        uses.push(use);
        if (table !== "G") return known(world, rightRow(world, task, { use }));
        const row = task.instance.globals.get(partner) ?? null;
        if (!task.globals.has(use)) task.globals.set(use, digestOf(row));
        return row;
      },
    });
  }
  relink(world, task, { key, entry, uses });
  world.count("evaluations");
  if (outcome.result === UNKNOWN) return;
  entry.pending = false;
  entry.failed = outcome.failed;
  if (task.table === "L") show(world, task, { key, entry, result: outcome.result, added: outcome.added });
  else serve(world, task, { key, value: outcome.result });
  if (entry.row === null && entry.shown === null) task.entries.delete(key);
}

function known(world: World, { value, held }: RightRow): Row | null | typeof UNKNOWN {
  if (value !== UNKNOWN) return value;
  if (!world.keeps("rightRowsUnknown") && held !== undefined) return held;
  return world.keeps("unknownIsNotAbsent") ? UNKNOWN : null;
}

function relink(
  world: World,
  task: Task,
  { key, entry, uses }: { key: string; entry: Entry; uses: readonly string[] },
): void {
  const before = entry.uses;
  entry.uses = uses;
  for (const use of uses) task.rights.get(use)?.users.add(key);
  for (const use of before) {
    if (uses.includes(use)) continue;
    const right = task.rights.get(use);
    right?.users.delete(key);
    if (right === undefined || right.users.size > 0 || !world.forgets) continue;
    task.rights.delete(use);
    const { server, key: partner } = serverOf(world, use);
    send(world, task, { to: server, content: { kind: "unsubscribe", key: partner } });
  }
}

/** Shows the result, if ClickHouse shows another one, and moves it to its group. */
function show(
  world: World,
  task: Task,
  { key, entry, result, added }: {
    readonly key: string;
    readonly entry: Entry;
    readonly result: Row | null;
    readonly added: number;
  },
): void {
  if (!entry.failed) world.letters.delete(key);
  else world.letters.set(key, Math.max(task.epoch, world.letters.get(key) ?? 0));
  const digest = digestOf(result);
  entry.held = digest === null && entry.shown !== null && !task.complete;
  if (digest !== entry.shown && !entry.held) {
    entry.shown = digest;
    put(world, task, { sink: "rows", key, row: result });
  }
  if (entry.contribution !== null) fold(task, { ...entry.contribution, n: -1, s: -entry.contribution.s });
  entry.contribution = result === null ? null : { group: String(result.sl), n: 1, s: added };
  if (entry.contribution !== null) fold(task, entry.contribution);
}

/** Adds to a group of this task. */
export function fold(task: Task, { group, n, s }: { group: string; n: number; s: number }): void {
  const before = task.folds.get(group) ?? { n: 0, s: 0 };
  const after = { n: before.n + n, s: before.s + s };
  if (after.n === 0) task.folds.delete(group);
  else task.folds.set(group, after);
  task.dirtyGroups.add(group);
}

/** Tells all who hold another value, and those who wait for an answer. */
function serve(world: World, task: Task, { key, value }: { key: string; value: Row | null }): void {
  task.registers.set(key, value);
  for (const [home, { held, answered }] of task.subscribers.get(key) ?? []) {
    if (!answered || held !== digestOf(value)) answer(world, task, { key, home });
  }
}

/** Tells a home the value, or that it is the one that the home holds. */
export function answer(world: World, task: Task, { key, home }: { key: string; home: string }): void {
  const homes = task.subscribers.get(key)!;
  const { held } = homes.get(home)!;
  const row = task.registers.get(key) ?? null;
  const digest = digestOf(row);
  homes.set(home, { held: digest, answered: true });
  world.served.add(`${task.table}/${key} ${digest}`);
  const content = digest === held ? { kind: "same", key, digest } as const : { kind: "value", key, row } as const;
  send(world, task, { to: home, content });
}

/** Evaluates some of what changed; then shares, if they may be written. */
export function work(world: World, task: Task, { limit }: { readonly limit: number }): void {
  let rest = limit;
  for (const key of task.work) {
    if (rest-- <= 0) break;
    evaluate(world, task, { key });
  }
  if (!task.complete && mayComplete(world, task)) {
    task.complete = true;
    deleteHeld(world, task);
    for (const group of [...task.folds.keys(), ...task.shares.keys()]) task.dirtyGroups.add(group.split("|")[0]);
    if (task.table === "L") resolveLetters(world, task);
  }
  if (!task.complete && world.keeps("completeBeforeShares")) return;
  for (const group of task.table === "L" ? task.dirtyGroups : []) showShare(world, task, { group });
  task.dirtyGroups.clear();
}

function deleteHeld(world: World, task: Task): void {
  for (const [key, entry] of task.entries) {
    if (!entry.held) continue;
    entry.held = false;
    entry.shown = null;
    put(world, task, { sink: "rows", key, row: null });
    if (entry.row === null) task.entries.delete(key);
  }
}

function mayComplete(world: World, task: Task): boolean {
  if (task.work.size > 0) return false;
  if ([...task.entries.values()].some(({ pending }) => pending)) return false;
  if (!world.keeps("completeNeedsAnswers")) return true;
  return ![...task.rights.values()].some(({ value, users }) => value === UNKNOWN && users.size > 0);
}

/** Letters of earlier epochs: what still fails has one of this epoch. */
function resolveLetters(world: World, task: Task): void {
  for (const [key, epoch] of world.letters) {
    if (world.partitionOf(key) === task.partition && epoch < task.epoch) world.letters.delete(key);
  }
}

function showShare(world: World, task: Task, { group }: { readonly group: string }): void {
  const key = `${group}|${task.partition}`;
  const total = task.folds.get(group);
  const row = total === undefined ? null : { n: total.n, s: total.s };
  const digest = digestOf(row);
  if (digest === (task.shares.get(key) ?? null)) return;
  if (digest === null) task.shares.delete(key);
  else task.shares.set(key, digest);
  put(world, task, { sink: "shares", key, row });
}

/** A right row is known, again or as another one: then its users are evaluated. */
export function setRight(world: World, task: Task, { use, row }: { use: string; row: Row | null }): void {
  if (!world.served.has(`${use} ${digestOf(row)}`)) world.fail(`X ${task.id} believes of ${use} what nobody told`);
  const right = task.rights.get(use)!;
  const before = lastKnown(right);
  right.value = row;
  right.held = undefined;
  const unchanged = before !== undefined && digestOf(before) === digestOf(row);
  for (const user of right.users) if (!unchanged || task.entries.get(user)!.pending) mark(task, user);
}

/** A global row of the task's instance may have changed. */
export function globalChanged(task: Task, key: string): void {
  const use = `G/${key}`;
  const digest = digestOf(task.instance.globals.get(key) ?? null);
  if (!task.globals.has(use) || task.globals.get(use) === digest) return;
  task.globals.set(use, digest);
  for (const [user, entry] of task.entries) if (entry.uses.includes(use)) mark(task, user);
}
