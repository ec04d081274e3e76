import type { Steps } from "../network.ts";
import { type Actor, CLOSES_AFTER, type RetentionWorld, type Told } from "./world.ts";

/** Records that are read at once. */
const RECORDS_MAX = 4;

/** Counts events by window. Its start reads the changelog; windows that are closed are no business of its. */
export function* stage(world: RetentionWorld, self: Actor): Steps {
  const owner = `s${++world.startsEver}`;
  const windows = new Map<number, { readonly to: number; readonly count: number }>();
  let head = { to: 0, time: -Infinity };
  for (let next = 0; next < world.changelog.end; yield) {
    const record = world.changelog.next(next);
    if (record === undefined) break;
    next = record.offset + 1;
    const { value } = record;
    if (value?.kind === "head" && value.to > head.to) head = value;
    if (value?.kind === "fact" && value.to > (windows.get(value.window)?.to ?? 0)) windows.set(value.window, value);
  }
  let { to, time } = head;
  for (let batch = 0;; batch++) {
    yield;
    const changed = new Set<number>();
    const from = to;
    for (const most = to + 1 + world.choices.below(RECORDS_MAX); to < most; to++) {
      const event = world.events.next(to);
      if (event === undefined) break;
      const window = event.value;
      time = Math.max(time, window);
      const known = windows.get(window);
      // Its key was further than its head.
      if (known !== undefined && known.to > to) continue;
      const isClosed = window + CLOSES_AFTER <= time;
      if (world.keeps("closedByTime") ? isClosed : isClosed && known !== undefined) continue;
      windows.set(window, { to: to + 1, count: (known?.count ?? 0) + 1 });
      changed.add(window);
    }
    self.idle = to === from;
    if (to === from) continue;
    for (const window of windows.keys()) {
      if (window + CLOSES_AFTER <= time && !changed.has(window)) windows.delete(window);
    }
    const facts = [...changed].map((window) => factOf(owner, { window, ...windows.get(window)! }));
    const records = [...facts, { key: owner, value: { kind: "head" as const, to, time } }];
    yield* world.network.ask<true>((reply) => {
      world.produce(`${owner} ${batch}`, records);
      reply(true);
    });
  }
}

function factOf(owner: string, { window, to, count }: { window: number; to: number; count: number }) {
  const value: Told = { kind: "fact", window, to, count };
  return { key: `${owner} ${window}`, value };
}

/**
 * Reads the changelog again and again, removes the facts of windows that are beyond the horizon, and writes some of the
 * others anew, under a name of its own, before it removes them.
 */
export function* cleaner(world: RetentionWorld, self: Actor): Steps {
  const name = `c${++world.startsEver}`;
  let cleanTo = -1;
  for (let pass = 0;; pass++) {
    yield;
    const { end } = world.changelog;
    self.idle = end === cleanTo;
    if (self.idle || !world.choices.chance(world.faults ? 0.05 : 0.3)) continue;
    const { horizon, time, facts } = yield* readAll(world);
    const until = world.keeps("toldFirst") ? horizon : time - CLOSES_AFTER;
    const gone = [...facts].filter(([, { window }]) => window <= until).map(([key]) => ({ key, value: null }));
    const copied = world.faults && world.choices.chance(0.5)
      ? copies(facts, { until, time, name: `${name}.${pass}` })
      : [];
    if (gone.length + copied.length === 0) cleanTo = end;
    if (gone.length > 0) world.count("passes that removed facts beyond the horizon");
    if (copied.length > 0) world.count("passes that copied facts");
    const moved = copied.map(({ of }) => ({ key: of, value: null }));
    for (const [part, records] of [copied, [...gone, ...moved]].entries()) {
      if (records.length === 0) continue;
      yield* world.network.ask<true>((reply) => {
        world.produce(`${name} ${pass} ${part}`, records);
        reply(true);
      });
    }
  }
}

type Fact = Extract<Told, { kind: "fact" }>;

function* readAll(
  world: RetentionWorld,
): Steps<{ readonly horizon: number; readonly time: number; readonly facts: ReadonlyMap<string, Fact> }> {
  let horizon = -Infinity;
  let time = -Infinity;
  const facts = new Map<string, Fact>();
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
  facts: ReadonlyMap<string, Fact>,
  { until, time, name }: { readonly until: number; readonly time: number; readonly name: string },
) {
  return [...facts].filter(([, { window }]) => window > until && window + CLOSES_AFTER <= time)
    .map(([of, value]) => ({ key: `${name} ${of}`, value, of }));
}
