import { assert, assertEquals } from "@std/assert";
import { openThings, THINGS } from "../things.ts";

/** Why a start stops that would delete everything: the topic was made anew, and is empty. */
async function stopped(options: { readonly consoleRows: boolean }): Promise<string> {
  await using world = await openThings({ partitions: 1 });
  await world.put(Array.from({ length: 30 }, (_, index) => [4_711_000 + index, "thing"] as const));
  const first = world.spawn({});
  await first.settled();
  await first.stop();
  await world.put(Array.from({ length: 30 }, (_, index) => [4_711_000 + index, null] as const));
  const second = world.spawn({ options: { ...options, deletesMaxRows: 1, deletesMaxShare: 0.1 } });
  await world.until(() => second.failure !== null);
  return second.failure!.message;
}

Deno.test(`a start that would delete too much names keys of ${THINGS}, but where rows are not shown`, async () => {
  const told = await stopped({ consoleRows: true });
  assert(/\(47110\d\d; 47110\d\d;/.test(told), told);
  const hidden = await stopped({ consoleRows: false });
  assertEquals([hidden.includes("4711"), hidden.startsWith("Start stopped before it deletes 30 of 30 rows")], [
    false,
    true,
  ]);
});
