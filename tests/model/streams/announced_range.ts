import { digestOfRows, rowsOf } from "./append_rows.ts";
import { type AppendRow, EXECUTION_MAX, type Look, placeOf } from "./append_table.ts";
import type { Range } from "./coordinator.ts";
import type { StreamTask } from "./member.ts";
import type { Steps } from "./network.ts";
import { advance, insert, look, pace, readLog, tableTime } from "./port.ts";
import type { Told } from "./told.ts";
import { DEADLINE, type World } from "./world.ts";

/** Announces a range under a deadline that begins now. @throws TaskEnded */
export function* announce(
  world: World,
  task: StreamTask,
  { range, lost = [] }: { readonly range: Omit<Range, "deadline">; readonly lost?: readonly Told[] },
): Steps<Range> {
  yield* pace(world, task);
  const announced = { ...range, deadline: tableTime(world, task) + DEADLINE };
  yield* advance(world, task, { offset: range.from, range: announced, lost });
  return announced;
}

/** Names an insert: one of the same token is taken for the same. */
export function tokenOf(
  world: World,
  { range, rows }: { readonly range: Range; readonly rows: readonly AppendRow[] },
): string | null {
  if (!world.keeps("token")) return null;
  const { topicId, partition, from, to } = range;
  const content = world.keeps("tokenContent") ? digestOfRows(rows) : "";
  return JSON.stringify([world.keeps("tokenTopicId") ? topicId : 0, partition, from, to, content]);
}

/**
 * Sees to it that all rows of an announced range are in the table, whoever announced it, and whatever happened since.
 * Inserts of it may be under way until its deadline and the longest execution are over.
 */
export function* settleRange(
  world: World,
  task: StreamTask,
  { announced }: { readonly announced: Range },
): Steps {
  let range = announced;
  for (;;) {
    const first = yield* look(world, task, range);
    if (isWhole(world, range, first)) return world.count("ranges that were whole");
    const read = yield* readLog(world, task, range);
    const rows = read.inputs.flatMap((input) => rowsOf(input, task.member.program));
    const same = digestOfRows(rows) === range.digest || !world.keeps("digestAnnounced");
    if (!world.keeps("countAnnounced") && rows.every((row) => first.present.has(placeOf(row)))) return;
    if (same && first.present.size === 0 || !world.keeps("looked")) {
      const repeated = yield* repeatWhole(world, task, { range, rows });
      if (repeated === "stored") return;
      range = repeated;
      continue;
    }
    if (first.time <= range.deadline + EXECUTION_MAX && world.keeps(same ? "partWaits" : "otherWaits")) {
      world.count(same ? "waits of ranges that are there in part" : "waits of ranges that are made otherwise now");
      continue;
    }
    // Nothing of it is under way any more: what is there stays as it is, what is not comes with this insert.
    const { present } = first;
    const touched = new Set([...present.values()].map(({ offset }) => offset));
    const missing = rows.filter((row) => same ? !present.has(placeOf(row)) : !touched.has(row.offset));
    const lost = same ? [] : lostOf(range, { start: read.start, touched });
    if (missing.length === 0) return yield* advance(world, task, { offset: range.to, range: null, lost });
    const digest = same ? range.digest : present.size === 0 ? digestOfRows(rows) : `mixed ${digestOfRows(missing)}`;
    const rest = { ...range, rows: present.size + missing.length, digest };
    range = yield* announce(world, task, { range: rest, lost });
    world.count(same ? "rest of a range inserted" : "range inserted otherwise");
    const token = tokenOf(world, { range, rows: missing });
    if ((yield* insert(world, task, { rows: missing, token, deadline: range.deadline })) === "stored") return;
  }
}

/** None of its rows was there: it is inserted as whoever announced it would have. */
function* repeatWhole(
  world: World,
  task: StreamTask,
  { range, rows }: { readonly range: Range; readonly rows: readonly AppendRow[] },
): Steps<Range | "stored"> {
  const again = world.keeps("announcedAgain")
    ? yield* announce(world, task, { range })
    : { ...range, deadline: tableTime(world, task) + DEADLINE };
  if (world.keeps("lookedAfterAnnouncement") && world.keeps("looked")) {
    const { present } = yield* look(world, task, range);
    if (present.size > 0) {
      world.count("inserts that came after a look");
      return { ...range };
    }
  }
  world.count("ranges inserted again");
  const token = tokenOf(world, { range: again, rows });
  if (rows.length === 0) return "stored";
  if ((yield* insert(world, task, { rows, token, deadline: again.deadline })) === "stored") return "stored";
  return again;
}

/** Whether every row that was announced is there. */
function isWhole(world: World, { rows }: Range, { present }: Look): boolean {
  return world.keeps("countAnnounced") && world.keeps("looked") && present.size >= rows;
}

/**
 * Records of the range that retention deleted; and those that have rows, but perhaps not all, as nobody can make
 * any more what the inserts so far were made of.
 */
function lostOf(
  { topicId, partition, from, to }: Range,
  { start, touched }: { readonly start: number; readonly touched: ReadonlySet<number> },
): Told[] {
  const doubtful = [...touched].sort((a, b) => a - b);
  const lost: Told[] = doubtful.map((offset) => ({
    reason: "doubt",
    topicId,
    partition,
    from: offset,
    to: offset + 1,
  }));
  let next = from;
  for (const offset of [...doubtful, Infinity]) {
    const end = Math.min(offset, start, to);
    if (end > next) lost.push({ reason: "retention", topicId, partition, from: next, to: end });
    next = offset + 1;
  }
  return lost;
}
