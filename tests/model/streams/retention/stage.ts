import type { Steps } from "../network.ts";
import { loaded } from "./loaded.ts";
import { CLOSES_AFTER } from "./truth.ts";
import type { Actor, RetentionWorld, Told } from "./world.ts";

/** Records that are read at once. */
const RECORDS_MAX = 4;

/** Counts events by window. Its start reads the changelog; windows that are closed are no business of its. */
export function* stage(world: RetentionWorld, self: Actor): Steps {
  const owner = `s${++world.startsEver}`;
  const { facts, ...head } = yield* loaded(world);
  const windows = new Map([...facts].map(([window, { to, count }]) => [window, { to, count: count! }]));
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
    const told = [...changed].map((window) => factOf(owner, { window, ...windows.get(window)! }));
    const records = [...told, { key: owner, value: { kind: "head" as const, to, time } }];
    yield* world.write(`${owner} ${batch}`, records);
  }
}

function factOf(owner: string, { window, to, count }: { window: number; to: number; count: number }) {
  const value: Told = { kind: "fact", window, to, count, end: window, age: window };
  return { key: `${owner} ${window}`, value };
}
