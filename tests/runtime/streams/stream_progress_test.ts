import { assertEquals, assertRejects } from "@std/assert";
import type { Progress } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { decodeNote, NO_DIGEST } from "../../../src/runtime/streams/stream_note.ts";
import { StreamBroken, StreamProgress } from "../../../src/runtime/streams/stream_progress.ts";

/** Longest time from an announcement to its deadline. */
const DEADLINE_MS = 20_000;

function world() {
  const state = { tableMs: 1_000_000, closed: false, failures: [] as Error[] };
  const committed: { offset: number; to?: number; digest?: number; deadlineMs?: number | null }[] = [];
  const told: (string | null)[] = [];
  const answer = <T>(value: () => T) => {
    const failure = state.failures.shift();
    return failure === undefined ? Promise.resolve(value()) : Promise.reject(failure);
  };
  const progress = new StreamProgress({
    membership: {
      advance: ({ offset, note }: Progress) =>
        answer(() => void committed.push({ offset, ...decodeNote(note)!.announced })),
      transact: ({ offset, note }: Progress) =>
        answer(() => void committed.push({ offset, ...decodeNote(note)!.announced })),
    },
    tenure: "t",
    place: { topic: "clicks", partition: 1 },
    topicId: "a",
    clock: {
      nowMs: () => 7,
      elapsedMs: () => 0,
      sleep: () => Promise.resolve(),
      breathe: () => Promise.resolve(),
    },
    tableClock: { nowMs: () => answer(() => state.tableMs) },
    onState: (error) => told.push(error?.message ?? null),
    closed: () => state.closed,
  }, 40);
  return { progress, state, committed, told };
}

Deno.test("StreamProgress.announce() gives each range a deadline by the tables' time", async () => {
  const { progress, state, committed, told } = world();
  await progress.begin(null, 0);
  assertEquals(await progress.announce(40, { to: 50, digest: 5 }), 1_000_000 + DEADLINE_MS);
  state.tableMs += 500;
  state.failures.push(new ProductionError("away", { retriable: true }));
  assertEquals(await progress.announce(50, { to: 60, digest: 6 }), 1_000_500 + DEADLINE_MS);
  assertEquals(committed, [
    { offset: 40 },
    { offset: 40, to: 50, digest: 5, deadlineMs: 1_020_000 },
    { offset: 50, to: 60, digest: 6, deadlineMs: 1_020_500 },
  ]);
  assertEquals([progress.deadlineMs, told], [1_020_500, ["away", null]]);
});

Deno.test("StreamProgress.begin() keeps the deadline that it finds, and makes one where nobody knows it", async () => {
  const known = world();
  await known.progress.begin({ to: 50, digest: 5, deadlineMs: 990_000 }, 0);
  assertEquals(known.progress.deadlineMs, 990_000);
  assertEquals(known.committed, [{ offset: 40, to: 50, digest: 5, deadlineMs: 990_000 }]);
  const unknown = world();
  await unknown.progress.begin({ to: 50, digest: NO_DIGEST, deadlineMs: null }, 0);
  assertEquals(unknown.committed, [{ offset: 40, to: 50, digest: NO_DIGEST, deadlineMs: 1_020_000 }]);
});

Deno.test("StreamProgress.announceAgain() never gives an earlier deadline, in whatever order it is asked", async () => {
  const { progress, state, committed } = world();
  await progress.begin({ to: 50, digest: 5, deadlineMs: 990_000 }, 0);
  // Of two sinks at the same time, the first of which the log fails.
  state.failures.push(
    new ProductionError("away", { retriable: true }),
    new ProductionError("gone", { retriable: true }),
  );
  const first = progress.announceAgain({ mixed: false });
  const second = progress.announceAgain({ mixed: true });
  state.tableMs += 500;
  assertEquals([await first, await second], [1_020_500, 1_020_500]);
  // The process's timer stood still.
  state.tableMs = 3;
  assertEquals(await progress.announceAgain({ mixed: false }), 1_020_500);
  assertEquals(committed.slice(1).map(({ to, digest, deadlineMs }) => [to, digest, deadlineMs]), [
    [50, 5, 1_020_500],
    [50, NO_DIGEST, 1_020_500],
    [50, NO_DIGEST, 1_020_500],
  ]);
});

Deno.test("StreamProgress announces nothing after it was closed, or lost the partition", async () => {
  const { progress, state, committed } = world();
  state.failures.push(new ProductionError("the tenure is over", { retriable: false }));
  await assertRejects(() => progress.begin({ to: 50, digest: 5, deadlineMs: 1 }, 0), StreamBroken);
  state.closed = true;
  await assertRejects(() => progress.announce(40, { to: 50, digest: 5 }), StreamBroken);
  assertEquals(committed, []);
});

Deno.test("StreamProgress.settle() never takes back what is there, nor what was announced and may be", async () => {
  const { progress, committed } = world();
  await progress.begin({ to: 50, digest: 5, deadlineMs: 990_000 }, 0);
  for (const offset of [8, 40, 49]) await progress.settle(offset);
  assertEquals(committed.length, 1, "records from 8 on are read again");
  for (const offset of [50, 50, 45, 60]) await progress.settle(offset);
  assertEquals(committed.slice(1), [{ offset: 50 }, { offset: 60 }]);
});
