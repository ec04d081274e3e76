import { announce, settleRange, tokenOf } from "./announced_range.ts";
import { digestOfRows, rowsOf } from "./append_rows.ts";
import type { AppendRow } from "./append_table.ts";
import type { StreamTask } from "./member.ts";
import type { Steps } from "./network.ts";
import { advance, insert, readLog, tableTime } from "./port.ts";
import type { Told } from "./told.ts";
import { DEADLINE, type World } from "./world.ts";

/** Reads without news after which the position is committed. */
const IDLE_READS = 4;

/** One range after the other, until the task is to stop. */
export function* work(world: World, task: StreamTask): Steps {
  let idleReads = 0;
  for (;;) {
    yield;
    if (task.stopping) return yield* commitPosition(world, task);
    const { start, inputs, next } = yield* readLog(world, task, { from: task.position, to: Infinity });
    if (start > task.position) {
      yield* skipLost(world, task, { start });
      continue;
    }
    task.idle = next === task.position && task.committed === task.position;
    if (next === task.position) {
      if (++idleReads >= IDLE_READS) yield* commitPosition(world, task);
      continue;
    }
    idleReads = 0;
    const rows = inputs.flatMap((input) => rowsOf(input, task.member.program));
    if (rows.length > 0) yield* store(world, task, { to: next, rows });
    task.position = next;
  }
}

function* commitPosition(world: World, task: StreamTask): Steps {
  if (task.committed !== task.position) yield* advance(world, task, { offset: task.position, range: null });
}

/** Retention was faster. */
function* skipLost(world: World, task: StreamTask, { start }: { readonly start: number }): Steps {
  const { partition, topicId, position } = task;
  const lost: Told = { reason: "retention", topicId, partition, from: position, to: start };
  yield* advance(world, task, { offset: start, range: null, lost: world.keeps("lostTold") ? [lost] : [] });
  task.position = start;
}

/** The rows of the records from the position on, before `to`: announced, inserted, acknowledged. */
function* store(
  world: World,
  task: StreamTask,
  { to, rows }: { readonly to: number; readonly rows: readonly AppendRow[] },
): Steps {
  const { partition, topicId, position: from } = task;
  const range = { topicId, partition, from, to, rows: rows.length, digest: digestOfRows(rows) };
  if (!world.keeps("announceFirst")) {
    const deadline = tableTime(world, task) + DEADLINE;
    const early = { ...range, deadline };
    world.network.send(() =>
      world.table.insert({ rows, token: tokenOf(world, { range: early, rows }), deadline }, () => {})
    );
  }
  const announced = yield* announce(world, task, { range });
  const request = { rows, token: tokenOf(world, { range: announced, rows }), deadline: announced.deadline };
  const carelessly = !world.keeps("acknowledgedFirst") || (task.stopping && !world.keeps("stopAcknowledged"));
  if (carelessly) return world.network.send(() => world.table.insert(request, () => {}));
  if ((yield* insert(world, task, request)) !== "stored") {
    world.count("inserts given up");
    yield* settleRange(world, task, { announced });
  }
}
