import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import type { StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import type { TableJoinSpec } from "../../../src/processor/stateful/table_join.ts";

const EVENTS = 60;

type Random = () => number;
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)];
const upTo = (random: Random, most: number) => Math.floor(random() * (most + 1));

/** A join of streams, with short windows. */
export function streamSpec(random: Random): StreamJoinSpec {
  const columns = pick(random, [{ left: "l", right: "r" }, { left: null, right: "r" }]);
  const kind = columns.left === null
    ? pick(random, ["inner", "left"] as const)
    : pick(random, ["left", "outer"] as const);
  const [beforeUs, afterUs] = [pick(random, [0, 5, 10]), pick(random, [0, 5, 10])];
  return { kind, beforeUs, afterUs, graceUs: pick(random, [0, 0, 4]), columns };
}

/** A join of a stream with a table. */
export function tableSpec(random: Random): TableJoinSpec {
  const historyUs = pick(random, [null, 15, 40]);
  return {
    kind: pick(random, ["inner", "left"] as const),
    column: "r",
    historyUs,
    graceUs: historyUs === null ? 0 : pick(random, [0, 5, 12]),
  };
}

/** Events whose times mostly grow, some late, some without a key or a value; many at one time. */
export function randomEvents(random: Random): JoinedEvent[] {
  const keys = ["a", "b", "ä", "😀"].slice(0, 1 + upTo(random, 3));
  let now = 100;
  return Array.from({ length: EVENTS }, (_, n) => {
    now += random() < 0.1 ? upTo(random, 40) : upTo(random, 3);
    return {
      input: pick(random, [0, 1] as const),
      key: random() < 0.05 ? null : { id: pick(random, keys) },
      value: random() < 0.1 ? null : { n },
      timestampUs: random() < 0.3 ? now - upTo(random, 30) : now,
    };
  });
}
