import type { Steps } from "../network.ts";
import { type Actor, RETENTIONS, type RetentionWorld, type SinkRow, type ToldFact } from "./world.ts";

const RECORDS_MAX = 4;
/** Ticks behind a start in which what former owners have sent arrives: more than any request takes. */
const COMPARED_AFTER = 260;
/** Ticks for which a start may be suspended before it tells a horizon. */
const FREEZE_MAX = 900;

/** How often, and for how many ticks, a start reads the changelog and not its inbox. */
const DEAF = 0.01;
const DEAF_MAX = 900;

/** Something is shown, perhaps: of what was forgotten nobody knows. */
const UNKNOWN = -1;

/** What one start of the table's task has in memory. */
interface Run {
  readonly start: number;
  readonly self: Actor;
  epoch: number;
  seq: number;
  /** By window. */
  readonly rows: Map<number, Pick<ToldFact, "to" | "count" | "age">>;
  readonly dirty: Set<number>;
  /** What the sink shows, as far as it was read or written. */
  readonly shown: Map<number, number | null>;
  readonly horizonKeys: Set<string>;
  /** Positions of facts of what is gone that were written to the sink, whatever it showed. */
  readonly buried: Set<string>;
  /** Known before a comparison, and not written since it was looked at what goes. */
  readonly inherited: Set<number>;
  /** The sink was asked what it shows. */
  asked: boolean;
  horizon: number;
  /** Stream time as heads tell it. */
  time: number;
  readonly retention: number;
  next: number;
  inboxNext: number;
  /** Until then it does not read its inbox. */
  deafUntil: number;
  marks: number;
  markRead: number;
}

/** A later start has said HELLO. */
class Superseded extends Error {}

/** Shows what the changelog has, and tells how far windows are final and shown: the horizon. */
export function* table(world: RetentionWorld, self: Actor): Steps {
  const start = ++world.startsEver;
  const run: Run = {
    ...{ start, self, epoch: 0, seq: 0, rows: new Map(), dirty: new Set(), shown: new Map(), horizonKeys: new Set() },
    ...{ horizon: -Infinity, time: -Infinity, retention: world.choices.pick(RETENTIONS), next: 0, inboxNext: 0 },
    deafUntil: 0,
    ...{ marks: 0, markRead: 0, asked: false, buried: new Set(), inherited: new Set() },
  };
  try {
    yield* begin(world, run);
    yield* goOn(world, run);
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
    world.count("starts that found a later one");
  }
}

function* begin(world: RetentionWorld, run: Run): Steps {
  const { start } = run;
  run.epoch = yield* say(world, { kind: "hello", of: start, mark: 0 });
  run.inboxNext = run.epoch + 1;
  const end = (yield* world.network.ask<number>((reply) => reply(world.changelog.end)))!;
  while (run.next < (world.keeps("readToEnd") ? world.changelog.end : end)) {
    if (world.filters) listen(world, run);
    read(world, run, world.keeps("readToEnd") ? {} : { until: end });
    yield;
  }
  const shown = yield* world.network.ask<ReadonlyMap<number, SinkRow>>((reply) => reply(new Map(world.sink)));
  run.asked = true;
  for (const [window, { count }] of shown!) {
    if (isLeftAlone(world, { run, window })) continue;
    run.shown.set(window, count);
    run.dirty.add(window);
  }
  for (const window of run.rows.keys()) run.dirty.add(window);
  yield* showAll(world, run);
}

function* say(
  world: RetentionWorld,
  value: { readonly kind: "hello" | "mark"; readonly of: number; readonly mark: number },
): Steps<number> {
  return (yield* world.network.ask<number>((reply) => reply(world.inbox.append("", { value, time: world.now }))))!;
}

function* goOn(world: RetentionWorld, run: Run): Steps {
  let comparedAt = world.now;
  let compared = false;
  let told = 0;
  for (;;) {
    yield;
    listen(world, run);
    read(world, run);
    if (world.choices.chance(0.7)) yield* showAll(world, run);
    // Another comparison finds what was written late, and without that nothing.
    if (world.now - comparedAt > COMPARED_AFTER && (!compared || world.changedAt > comparedAt)) {
      if (!compared) { for (const window of run.rows.keys()) run.inherited.add(window); }
      [comparedAt, compared] = [world.now, true];
      yield* compare(world, run);
    }
    const mayTell = compared || !world.keeps("compared");
    const at = run.time - run.retention;
    const isDone = compared && world.changedAt <= comparedAt && run.dirty.size === 0;
    run.self.idle = isDone && run.next >= world.changelog.end && at <= run.horizon;
    if (mayTell && at > run.horizon && world.choices.chance(0.3)) yield* tell(world, run, { at, number: ++told });
  }
}

/** That all windows up to `at` are final and shown, if it is so. */
function* tell(world: RetentionWorld, run: Run, { at, number }: { at: number; number: number }): Steps {
  if (world.keeps("readUp")) {
    const end = (yield* world.network.ask<number>((reply) => reply(world.changelog.end)))!;
    while (run.next < end) {
      if (world.filters) listen(world, run);
      read(world, run);
      yield;
    }
  }
  if (world.keeps("evaluated")) yield* showAll(world, run);
  if (world.keeps("goneBuried")) yield* bury(world, { run, at });
  if (world.keeps("writtenOnce")) yield* writeOnce(world, { run, at });
  if (world.keeps("proven")) {
    const mark = ++run.marks;
    yield* say(world, { kind: "mark", of: run.start, mark });
    while (run.markRead < mark) {
      yield;
      listen(world, run);
    }
  }
  freeze(world, run);
  yield;
  const key = world.keeps("ownHorizon") ? `h${run.start}` : "h";
  const own = { key, value: { kind: "horizon" as const, at } };
  const former = [...run.horizonKeys].filter((other) => other !== key).map((other) => ({ key: other, value: null }));
  const parts = world.keeps("greaterFirst") ? [[own], former] : [former, [own]];
  for (const [part, records] of parts.entries()) {
    if (records.length === 0) continue;
    yield* world.write(`h${run.start} ${number} ${part}`, records);
    yield;
  }
  world.count("horizons told");
}

/** Where it hurts most: what it knows to be true is told much later. */
function freeze(world: RetentionWorld, { self }: Run): void {
  if (!world.faults || !world.choices.chance(0.15)) return;
  self.asleepUntil = world.now + world.choices.below(FREEZE_MAX);
  world.count("starts that slept before they told a horizon");
}

/** Takes what the own inbox has. @throws Superseded */
function listen(world: RetentionWorld, run: Run): void {
  const isDeaf = !world.filters && world.faults && world.choices.chance(DEAF);
  if (isDeaf) run.deafUntil = world.now + world.choices.below(DEAF_MAX);
  if (run.deafUntil > world.now) return;
  for (let count = 0; count < RECORDS_MAX; count++) {
    const record = world.inbox.next(run.inboxNext);
    if (record === undefined) return;
    run.inboxNext = record.offset + 1;
    const { kind, of, mark } = record.value;
    // A HELLO of its own that was sent again is none of a later start.
    if (kind === "hello" && of !== run.start) throw new Superseded();
    if (kind === "mark" && of === run.start) run.markRead = Math.max(run.markRead, mark);
  }
}

function isBeyond(world: RetentionWorld, { run, at }: { readonly run: Run; readonly at: number }): boolean {
  return at <= (world.keeps("told") ? run.horizon : run.time - run.retention);
}

/** Whether nobody knows what should be shown: by where it begins, as no more is known of what is forgotten. */
function isLeftAlone(world: RetentionWorld, { run, window }: { readonly run: Run; readonly window: number }): boolean {
  const isKnown = world.keeps("knownCompared") && run.rows.has(window);
  return !isKnown && isBeyond(world, { run, at: window }) && world.keeps("leftAlone");
}

/** When a fact goes. */
function ageOf(world: RetentionWorld, { window, age, count }: Pick<ToldFact, "window" | "age" | "count">): number {
  return world.keeps(count === null ? "goneAged" : "lastChange") ? age : window;
}

function read(world: RetentionWorld, run: Run, { until = Infinity }: { readonly until?: number } = {}): void {
  for (let count = 0; count < RECORDS_MAX; count++) {
    const record = world.changelog.next(run.next);
    if (record === undefined || record.offset >= until) {
      run.next = Math.max(run.next, Math.min(until, world.changelog.end));
      return;
    }
    run.next = record.offset + 1;
    const { key, value } = record;
    if (value === null) continue;
    if (value.kind === "head") run.time = Math.max(run.time, value.time);
    else if (value.kind === "horizon") {
      run.horizonKeys.add(key);
      run.horizon = world.keeps("greatestHorizon") ? Math.max(run.horizon, value.at) : value.at;
      end(world, run);
    } else if (!(isBeyond(world, { run, at: ageOf(world, value) }) && world.keeps("beyondIgnored"))) {
      take(world, { run, fact: value });
    }
  }
  if (!world.keeps("told")) end(world, run);
}

function take(world: RetentionWorld, { run, fact }: { readonly run: Run; readonly fact: ToldFact }): void {
  const { window, to } = fact;
  const known = run.rows.get(window);
  if (to <= (known?.to ?? 0)) return;
  // A session that grew so far back takes the row of one that nobody remembers.
  if (known === undefined && run.asked && isBeyond(world, { run, at: window }) && world.keeps("unknownShown")) {
    run.shown.set(window, UNKNOWN);
    world.count("sessions that began where one was forgotten, or might have been");
  }
  run.rows.set(window, fact);
  run.dirty.add(window);
}

/** Windows that are beyond the horizon leave the memory, and nobody is told. */
function end(world: RetentionWorld, run: Run): void {
  for (const [window, row] of run.rows) {
    if (!isBeyond(world, { run, at: ageOf(world, { window, ...row }) })) continue;
    run.rows.delete(window);
    world.count("windows that ended");
    if (!world.keeps("endedSilently")) run.dirty.add(window);
    else {
      run.dirty.delete(window);
      run.shown.delete(window);
    }
  }
}

/** Everything that waits is looked at, and what differs is written. */
function* showAll(world: RetentionWorld, run: Run): Steps {
  for (const window of [...run.dirty]) {
    run.dirty.delete(window);
    const count = world.shownOf(run.rows.get(window)?.count ?? null);
    if (count === (run.shown.get(window) ?? null)) continue;
    run.shown.set(window, count);
    // What was there for a moment is shown long after that.
    if (count !== null && world.faults && world.choices.chance(0.004)) {
      run.self.asleepUntil = world.now + world.choices.below(FREEZE_MAX);
      yield;
    }
    yield* put(world, { window, row: { epoch: run.epoch, seq: ++run.seq, count } });
  }
}

/** What a former owner writes late of sessions that are gone loses, though this one may never have shown them. */
function* bury(world: RetentionWorld, { run, at }: { readonly run: Run; readonly at: number }): Steps {
  for (const [window, row] of run.rows) {
    if (row.count !== null || row.age > at || run.buried.has(`${window} ${row.to}`)) continue;
    run.buried.add(`${window} ${row.to}`);
    run.shown.set(window, null);
    yield* put(world, { window, row: { epoch: run.epoch, seq: ++run.seq, count: null } });
  }
}

/** So does what one writes late of windows that this one has found as they should be, and so has not written. */
function* writeOnce(world: RetentionWorld, { run, at }: { readonly run: Run; readonly at: number }): Steps {
  for (const [window, row] of run.rows) {
    if (ageOf(world, { window, ...row }) > at || !run.inherited.delete(window)) continue;
    const count = world.shownOf(row.count);
    run.shown.set(window, count);
    world.count("windows that were written once more before they ended");
    yield* put(world, { window, row: { epoch: run.epoch, seq: ++run.seq, count } });
  }
}

function* put(world: RetentionWorld, { window, row }: { readonly window: number; readonly row: SinkRow }): Steps {
  const insert = (reply: (done: true) => void) => {
    world.insert(window, row);
    reply(true);
  };
  if (world.keeps("acknowledged")) yield* world.network.ask<true>(insert);
  else world.network.send(() => insert(() => {}));
}

function* compare(world: RetentionWorld, run: Run): Steps {
  const shown = (yield* world.network.ask<ReadonlyMap<number, SinkRow>>((reply) => reply(new Map(world.sink))))!;
  for (const window of new Set([...shown.keys(), ...run.rows.keys()])) {
    if (isLeftAlone(world, { run, window })) continue;
    run.shown.set(window, shown.get(window)?.count ?? null);
    run.dirty.add(window);
  }
  yield* showAll(world, run);
}
