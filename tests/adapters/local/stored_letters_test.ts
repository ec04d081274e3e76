import { assert, assertEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { largeOrders, unreadableOrder as letter } from "../../letters_to.ts";

async function opened(offsets: readonly number[], options: { readonly lettersMax?: number } = {}) {
  const letters = openEmbeddedDeadLetters({ path: ":memory:", ...options });
  await letters.put(offsets.map((offset) => letter(offset)));
  return { letters, stored: letters.stored };
}

Deno.test("StoredLetters gives pages, the newest first, and counts what is open by reason", async () => {
  const { letters, stored } = await opened([1, 2, 3]);
  await letters.put([letter(4, { reason: "not_json" }), letter(5, { topology: "other" })]);
  await letters.resolve([{ kind: "gone", topology: "other", tasks: [], why: "gone", timestampMs: 2_000 }]);
  const first = stored.page({ limit: 2, topology: "sales" });
  assertEquals([first.letters.map(({ offset }) => offset), first.next], [[4, 3], first.letters[1].id]);
  const second = stored.page({ limit: 2, topology: "sales", after: first.next! });
  assertEquals([second.letters.map(({ offset }) => offset), second.next], [[2, 1], null]);
  assertEquals(stored.reasons(), [
    { topology: "sales", stage: "decode", reason: "wrong_type", letters: 3 },
    { topology: "sales", stage: "decode", reason: "not_json", letters: 1 },
  ]);
  assertEquals([stored.count({ state: "resolved" }), stored.letter("99"), stored.letter("x")], [1, null, null]);
  letters.close();
});

Deno.test("StoredLetters ends a page of large letters at 16 MiB, and has at least one of them in each", async () => {
  const { letters, stored } = await opened([]);
  await letters.put(largeOrders(600));
  const found: (number | null)[] = [];
  let next: string | undefined;
  do {
    const page = stored.page({ limit: 10_000, after: next });
    const { length } = JSON.stringify(page.letters);
    assert(length <= 16 * 2 ** 20 + 1_000 && (page.next === null || length > 15 * 2 ** 20), `${length}`);
    found.push(...page.letters.map(({ offset }) => offset));
    next = page.next ?? undefined;
  } while (next !== undefined);
  assertEquals(found, Array.from({ length: 600 }, (_, index) => 599 - index));
  const [{ id }] = stored.page({ limit: 1 }).letters;
  for (let tries = 0; tries < 300; tries++) await stored.begin([id], { edit: "x".repeat(65_536), nowMs: tries });
  const { letters: [large, ...others], next: behind } = stored.page({ limit: 100 });
  assertEquals([large.attempts.length, others.length, behind], [300, 0, id]);
  letters.close();
});

Deno.test("StoredLetters keeps every attempt, also when the letter is written anew with another error", async () => {
  const { letters, stored } = await opened([1]);
  const [{ id }] = stored.page({ limit: 1 }).letters;
  const begun = await stored.begin([id, "99"], { edit: '{"value":"x"}', nowMs: 1 });
  assertEquals([...begun.keys()], [id]);
  assertEquals(stored.letter(id)!.attempts, [{ atMs: 1, edit: '{"value":"x"}', outcome: "begun", sentence: null }]);
  await stored.end([{ attempt: begun.get(id)!, outcome: "failed", sentence: "no number" }]);
  const again = await stored.begin([id], { edit: null, nowMs: 2 });
  await stored.end([{ attempt: again.get(id)!, outcome: "replayed", sentence: "it counts" }]);
  await letters.put([letter(1, { error: "another", epoch: 8 })]);
  const [{ id: anew, attempts }] = stored.page({ limit: 1 }).letters;
  assertEquals([anew === id, attempts.map(({ outcome }) => outcome)], [false, ["failed", "replayed"]]);
  letters.close();
});

Deno.test("StoredLetters leaves a letter alone that another process tries, until that must have died", async () => {
  const path = await Deno.makeTempFile({ prefix: "weir_letters_" });
  try {
    const [one, other] = [openEmbeddedDeadLetters({ path }), openEmbeddedDeadLetters({ path })];
    await one.put([letter(1)]);
    const [{ id }] = one.stored.page({ limit: 1 }).letters;
    await one.stored.begin([id], { edit: null, nowMs: 1_000 });
    assertEquals((await other.stored.begin([id], { edit: null, nowMs: 30_000 })).size, 0);
    assertEquals((await one.stored.begin([id], { edit: null, nowMs: 30_000 })).size, 1);
    assertEquals((await other.stored.begin([id], { edit: null, nowMs: 90_001 })).size, 1);
    const alone = openEmbeddedDeadLetters({ path, alone: true });
    assertEquals((await alone.stored.begin([id], { edit: null, nowMs: 90_001 })).size, 1);
    alone.close();
    one.close();
    other.close();
  } finally {
    for (const end of ["", "-wal", "-shm"]) await Deno.remove(`${path}${end}`).catch(() => {});
  }
});

Deno.test("StoredLetters drops attempts with their letters", async () => {
  const { letters, stored } = await opened([1], { lettersMax: 1 });
  const [{ id }] = stored.page({ limit: 1 }).letters;
  stored.begin([id], { edit: null, nowMs: 1 });
  await letters.put([letter(2)]);
  assertEquals(stored.letter(id), null);
  await letters.put([letter(1)]);
  assertEquals(stored.page({ limit: 5 }).letters.map(({ attempts }) => attempts.length), [0]);
  letters.close();
});

Deno.test("resolve() up to an offset leaves later records of the subject open", async () => {
  const { letters } = await opened([]);
  await letters.put([3, 5, 9].map((offset) => letter(offset, { subject: "k" })));
  const about = { task: "orders-0", epoch: 7, stage: "decode", operator: "store.orders", subject: "k" } as const;
  const resolution = { kind: "subject", topology: "sales", why: "mended", timestampMs: 1, ...about } as const;
  await letters.resolve([{ ...resolution, upTo: 5 }]);
  assertEquals(letters.list({ state: "open" }).map(({ offset }) => offset), [9]);
  await letters.resolve([resolution]);
  assertEquals(letters.count({ state: "open" }), 0);
  letters.close();
});
