import type { Steps } from "../network.ts";
import { CLOSES_AFTER } from "./truth.ts";
import type { Actor, RetentionWorld, Told } from "./world.ts";

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
    if (value?.kind === "fact" && value.to > (windows.get(value.window)?.to ?? 0)) {
      windows.set(value.window, { to: value.to, count: value.count! });
    }
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
  const value: Told = { kind: "fact", window, to, count, end: window, age: window };
  return { key: `${owner} ${window}`, value };
}
