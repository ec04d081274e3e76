import type { Steps } from "../network.ts";
import { CLOSES_AFTER } from "./truth.ts";
import type { Actor, RetentionWorld, StageProcess, ToldFact } from "./world.ts";

/**
 * Reads the changelog again and again, removes the facts of windows that are beyond the horizon, and writes some of the
 * others anew, under a name of its own, before it removes them.
 */
export function* cleaner(
  world: RetentionWorld,
  { self, process }: { readonly self: Actor; readonly process: StageProcess | null },
): Steps {
  const name = `c${++world.startsEver}`;
  let cleanTo = -1;
  for (let pass = 0;; pass++) {
    yield;
    const { end } = world.changelog;
    self.idle = end === cleanTo;
    if (self.idle || !world.choices.chance(world.faults ? 0.05 : 0.3)) continue;
    const number = yield* renamed(process);
    if (number === null) continue;
    const { horizon, time, facts } = yield* readAll(world);
    const mayGo = (key: string) =>
      process === null || isOver(key, { of: process, number }) || !world.keeps("deadNames");
    const until = world.keeps("toldFirst") ? horizon : time - CLOSES_AFTER;
    const gone = [...facts].filter(([key, { age }]) => age <= until && mayGo(key)).map(([key]) => ({
      key,
      value: null,
    }));
    const copied = world.faults && world.choices.chance(0.5)
      ? copies(facts, { until, time, name: `${name}.${pass}` }).filter(({ of }) => mayGo(of))
      : [];
    if (gone.length + copied.length === 0) cleanTo = end;
    if (gone.length > 0) world.count("passes that removed facts beyond the horizon");
    if (copied.length > 0) world.count("passes that copied facts");
    // What it has read may have become something else by then.
    if (process !== null && world.faults && world.choices.chance(0.4)) {
      self.asleepUntil = world.now + world.choices.below(SLEEP_MAX);
      yield;
    }
    const moved = copied.map(({ of }) => ({ key: of, value: null }));
    for (const [part, records] of [copied, [...gone, ...moved]].entries()) {
      if (records.length > 0) yield* world.write(`${name} ${pass} ${part}`, records);
    }
  }
}

/** Ticks that it may be suspended before it deletes what it has found. */
const SLEEP_MAX = 200;

/** From then on what was written under earlier names is all that ever will be: which name the stage has now. */
function* renamed(process: StageProcess | null): Steps<number | null> {
  if (process === null) return 0;
  if (process.durableTo < process.begunAt) return null;
  process.isToRename = true;
  while (process.isToRename) yield;
  return process.number;
}

/** Whether nobody writes under the name of a key any more but who has lost the stage. Copies are of the cleaner. */
function isOver(key: string, { of, number }: { readonly of: StageProcess; readonly number: number }): boolean {
  const name = /^s(\d+)\.(\d+) /.exec(key);
  if (name === null) return true;
  const [start, itsNumber] = [Number(name[1]), Number(name[2])];
  return start < of.start || (start === of.start && itsNumber < number);
}

function* readAll(
  world: RetentionWorld,
): Steps<{ readonly horizon: number; readonly time: number; readonly facts: ReadonlyMap<string, ToldFact> }> {
  let horizon = -Infinity;
  let time = -Infinity;
  const facts = new Map<string, ToldFact>();
  for (let next = 0; next < world.changelog.end; yield) {
    const record = world.changelog.next(next);
    if (record === undefined) break;
    next = record.offset + 1;
    const { key, value } = record;
    if (value === null) facts.delete(key);
    else if (value.kind === "fact") facts.set(key, value);
    else if (value.kind === "horizon") horizon = Math.max(horizon, value.at);
    else time = Math.max(time, value.time);
  }
  return { horizon, time, facts };
}

/** Of windows that nobody changes any more. */
function copies(
  facts: ReadonlyMap<string, ToldFact>,
  { until, time, name }: { readonly until: number; readonly time: number; readonly name: string },
) {
  return [...facts].filter(([, { age, end }]) => age > until && end + CLOSES_AFTER <= time)
    .map(([of, value]) => ({ key: `${name} ${of}`, value, of }));
}
