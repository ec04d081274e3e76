import type { Steps } from "../network.ts";
import { loaded } from "./loaded.ts";
import { CLOSES_AFTER, joined, type Session } from "./truth.ts";
import type { Actor, RetentionWorld, StageProcess, Told, ToldFact } from "./world.ts";

/** Records that are read at once. */
const RECORDS_MAX = 4;

/**
 * Counts events by session. A fact is of the position behind its batch, and its age is the stream time there: so of two
 * facts of sessions that begin alike the greater one is never the older one, whatever became of the sessions.
 */
export function* sessionStage(
  world: RetentionWorld,
  { self, process }: { readonly self: Actor; readonly process: StageProcess },
): Steps {
  const { facts, ...head } = yield* loaded(world);
  let { to, time } = head;
  let open = [...facts].flatMap(([start, { count, end }]): Session[] =>
    count === null || end + CLOSES_AFTER <= time ? [] : [{ start, end, count }]
  );
  [process.begunAt, process.durableTo] = [world.events.end, to];
  for (let batch = 0;; batch++) {
    yield;
    if (process.isToRename) {
      process.number++;
      process.isToRename = false;
    }
    const changed = new Map<number, Pick<ToldFact, "count" | "end">>();
    const from = to;
    for (const most = to + 1 + world.choices.below(RECORDS_MAX); to < most; to++) {
      const event = world.events.next(to);
      if (event === undefined) break;
      time = Math.max(time, event.value);
      const made = joined(open, { time: event.value, streamTime: time });
      if (made === null) continue;
      open = [...open.filter((one) => !made.near.includes(one)), made.session];
      for (const { start, end } of made.near) changed.set(start, { count: null, end });
      changed.set(made.session.start, made.session);
    }
    self.idle = to === from;
    if (to === from) continue;
    open = open.filter(({ end }) => end + CLOSES_AFTER > time);
    const owner = `s${process.start}.${process.number}`;
    const told = [...changed].map(([window, { count, end }]) => {
      const value: Told = { kind: "fact", window, count, end, to, age: time };
      return { key: `${owner} ${window}`, value };
    });
    const records = [...told, { key: owner, value: { kind: "head" as const, to, time } }];
    yield* world.write(`${owner} ${batch}`, records);
    process.durableTo = to;
  }
}
