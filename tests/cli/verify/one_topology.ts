import { assert, assertEquals } from "@std/assert";
import { runMain, type Running, startMain, withDirectory } from "../support.ts";

/** A directory with one topology, and the commands on its data. */
export interface OneTopology {
  readonly directory: string;
  readonly env: Record<string, string>;
  /** The option that names the data. */
  readonly data: readonly string[];
}

/** Runs `use` with a topology file of its own, which is removed afterwards with all data. */
export function withTopology(text: string, use: (one: OneTopology) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/topologies`);
    await Deno.writeTextFile(`${directory}/topologies/one.ts`, text);
    await use({
      directory,
      env: { WEIR_TOPOLOGIES: `${directory}/topologies` },
      data: ["--data", `${directory}/data`],
    });
  });
}

/** Writes events into a topic, one JSON object each. */
export async function produced(
  { env, data }: OneTopology,
  { topic, input }: { readonly topic: string; readonly input: string },
): Promise<void> {
  const { status, err } = await runMain(["produce", topic, ...data], env, { input });
  assertEquals(status, 0, err);
}

/** Begins without the demo store, and resolves when the topology runs. */
export async function started({ env, data }: OneTopology): Promise<Running> {
  const running = startMain(["start", "--no-check", "--no-demo", ...data, "--port", "0"], env);
  await running.event(({ event }) => event === "started");
  return running;
}

/** As {@link started}, behind a start that was killed when the topology ran. */
export async function startedAfterKill(one: OneTopology): Promise<Running> {
  const killed = await started(one);
  killed.child.kill("SIGKILL");
  await killed.finished;
  return await started(one);
}

/** Ends it in order. */
export async function ended({ child, finished }: Running): Promise<void> {
  child.kill("SIGTERM");
  assertEquals((await finished).status, 0);
}

/** Status of `verify`, and of one sink its name and how many stored rows it has, lacks, has too many and different. */
export async function verified({ env, data }: OneTopology, at = 0) {
  const { status, out, err } = await runMain(["verify", "--json", ...data], env);
  assert(out !== "", err);
  const { sink, stored: { rows, missing, extra, different } } = JSON.parse(out).sinks[at];
  return { sink, found: [status, rows, missing, extra, different] };
}
