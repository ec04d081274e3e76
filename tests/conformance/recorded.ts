import { z } from "zod";

const output = z.object({
  /** The output topic, where a case has several. */
  topic: z.string().optional(),
  key: z.json(),
  /** Null is a tombstone. */
  value: z.json(),
  /** Milliseconds, as in all of this. */
  ts: z.number(),
});

const step = z.object({
  topic: z.string(),
  key: z.json(),
  value: z.json(),
  ts: z.number(),
  out: z.array(output).readonly(),
});

const recordedCase = z.object({
  name: z.string(),
  topology: z.record(z.string(), z.json()).readonly(),
  steps: z.array(step).readonly(),
  finalStores: z.record(z.string(), z.array(output).readonly()).optional(),
  /** Records that changed nothing, as a metric counts them. */
  droppedRecordsTotal: z.number().optional(),
});

const suite = z.object({ suite: z.string(), cases: z.array(recordedCase).min(1).readonly() });

/** What one input record caused: `value` null is a tombstone. */
export type Output = Readonly<z.output<typeof output>>;
/** An input record, and all that it caused. */
export type Step = Readonly<z.output<typeof step>>;
/** One recorded run of Kafka Streams. `topology`: what was run, in words. */
export type Case = Readonly<z.output<typeof recordedCase>>;
/** The recorded runs of one file. */
export type Suite = Readonly<z.output<typeof suite>>;

/** Recorded runs that come with the project. */
export const RECORDED = new URL("./data/", import.meta.url);

/**
 * Reads the suite of a file, or those of all `.json` files of a directory, by name.
 *
 * @throws TypeError for a file that is no suite, and where there is none
 */
export async function readSuites(path: string | URL): Promise<readonly Suite[]> {
  if (!(await Deno.stat(path)).isDirectory) return [await readSuite(path)];
  const names = (await Array.fromAsync(Deno.readDir(path))).filter(({ name }) => name.endsWith(".json"));
  if (names.length === 0) throw new TypeError(`Cannot find recorded runs in "${path}": it holds no .json file`);
  const inside = (name: string) => path instanceof URL ? new URL(name, path) : `${path}/${name}`;
  return await Promise.all(names.map(({ name }) => name).sort().map((name) => readSuite(inside(name))));
}

async function readSuite(path: string | URL): Promise<Suite> {
  const text = await Deno.readTextFile(path);
  try {
    return suite.parse(JSON.parse(text));
  } catch (cause) {
    throw new TypeError(`Cannot read "${path}" as recorded runs: ${(cause as Error).message}`, { cause });
  }
}
