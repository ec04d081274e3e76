import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openThings } from "../things.ts";

/** Bytes that 500 things take, as the metric says. */
async function bytesOfThings(): Promise<number> {
  await using world = await openThings({ partitions: 2 });
  let bytes = 0;
  const metrics = {
    count() {},
    gauge: (name: string, { table }: Readonly<Record<string, string>>, value: number) => {
      if (name === "weir_state_bytes" && table === "things") bytes = value;
    },
    observe() {},
  };
  await world.put(Array.from({ length: 500 }, (_, id) => [id, `name ${id}`] as const));
  const run = world.spawn({ metrics });
  await world.until(() => run.runner.ready && world.names().size === 500);
  for (let second = 0; second < 3; second++) await world.clock.pass(1_000);
  return bytes;
}

Deno.test("the bytes of the state are reported by table", async () => {
  const bytes = await bytesOfThings();
  assert(bytes > 500 * 30 && bytes < 500 * 1_000, `${bytes} bytes`);
});

Deno.test("a topology whose state comes near to its limit says so, and one beyond it stops", async () => {
  const bytes = await bytesOfThings();
  for (const [share, refused] of [[0.5, true], [1.1, false]] as const) {
    await using world = await openThings({ partitions: 2 });
    await world.put(Array.from({ length: 500 }, (_, id) => [id, `name ${id}`] as const));
    const run = world.spawn({ options: { stateBytesMax: Math.floor(bytes * share) } });
    const problem = () => run.runner.problems.list().find(({ name }) => name === "memory")?.problem ?? null;
    await world.until(() => run.failure !== null || problem() !== null);
    assertEquals(run.failure !== null, refused, run.failure?.message);
    const text = run.failure?.message ?? problem()!;
    assertStringIncludes(text, refused ? "of state: the limit is" : "The state takes more than 80 %");
    assertStringIncludes(text, "WEIR_STATE_BYTES_MAX");
  }
});
