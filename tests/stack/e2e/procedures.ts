import { forgetPositions, resumeConnector, stopConnector } from "../connector.ts";
import { createTopics, deleteTopics } from "../topics.ts";
import { FLAGSHIPS, type Stage } from "./stage.ts";
import { until } from "./steps.ts";
import type { WeirProcess } from "./weir.ts";

/**
 * "Starting over from PostgreSQL" of docs/operations.md, without Weir: the tables' topics are made and filled again.
 */
export async function startOver(
  stage: Stage,
  { signal, partitions }: { readonly signal: AbortSignal; readonly partitions?: number },
): Promise<void> {
  const { layout } = stage;
  await stopConnector(layout);
  await forgetPositions(layout);
  await deleteTopics(layout);
  await dropSlot(stage, signal);
  await createTopics(layout, partitions);
  await resumeConnector(layout);
  await snapshotTaken(stage, signal);
}

/** Drops the replication slot as soon as nobody reads it. */
export async function dropSlot(stage: Stage, signal: AbortSignal): Promise<void> {
  const drop =
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'online_store_slot'";
  await until(() => stage.sql(drop).then(() => true, () => false), { signal });
}

/** Resolves when Debezium's own metrics say that its snapshot is complete and that it streams. */
export async function snapshotTaken({ layout }: Stage, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${layout.ports.connectMetrics}/metrics`;
  await until(async () => {
    const text = await (await fetch(url)).text().catch(() => "");
    const is = (name: string, value: number) => new RegExp(`^${name}\\{.*\\} ${value}[.]0$`, "m").test(text);
    return is("debezium_snapshot_snapshotcompleted", 1) && is("debezium_streaming_connected", 1);
  }, { signal, everyMs: 200 });
}

/** The generation of a stage whose inboxes or partitions were replaced. */
export function generation(number: number): Readonly<Record<string, string>> {
  return { WEIR_GENERATION: String(number) };
}

/** What all topologies' starts did to ClickHouse. */
export interface StartCounts {
  readonly tasks: number;
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
}

/**
 * Three steps: the flagship topologies start, the result is proven, Ctrl-C ends them. `expect` throws when the start
 * did something else than it should.
 */
export async function startAndVerify(
  stage: Stage,
  when: string,
  { environment = {}, expect = () => {} }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly expect?: (counts: StartCounts) => void;
  } = {},
): Promise<void> {
  const { steps } = stage;
  const weir = stage.startWeir(undefined, environment);
  await steps.step(`Weir starts ${when}`, async (signal) => {
    await weir.ready(signal);
    const sinks = weir.events.filter(({ event }) => event === "started").flatMap(({ sinks }) => sinks as StartCounts[]);
    const sum = (count: keyof StartCounts) => sinks.reduce((total, sink) => total + sink[count], 0);
    const counts = { tasks: weir.tasks().size, kept: sum("kept"), written: sum("written"), deleted: sum("deleted") };
    const { tasks, kept, written, deleted } = counts;
    const text = `${tasks} tasks; ${kept} rows kept, ${written} written, ${deleted} deleted`;
    try {
      expect(counts);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${text}`);
    }
    return text;
  }, { withinMs: 120_000 });
  await stage.verify(when, undefined, { environment });
  await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
}

/** A step: no task or topology of the process began again or failed, and Ctrl-C ends it in order. */
export async function endSteady({ steps }: Stage, weir: WeirProcess): Promise<void> {
  await steps.step("no task began again", async (signal) => {
    weir.requireSteady();
    await weir.end(signal);
  });
}

/** A step: topologies that have inboxes refuse to start and name the generation that they need; the others run. */
export async function refusesUntil(stage: Stage, wanted: number, environment = {}): Promise<void> {
  await stage.steps.step(`topologies refuse to start, and ask for generation ${wanted}`, async (signal) => {
    const weir = stage.startWeir(undefined, environment);
    const setting = `WEIR_GENERATION=${wanted}`;
    const refusedIn = (text: string) => [
      ...new Set(text.split("\n").filter((line) => line.includes(setting)).map(topologyOf)),
    ];
    const told = await weir.readyzSays((text) => {
      const readyLine = text.split("\n").find((line) => line.startsWith("ready: "));
      const ready = readyLine?.slice("ready: ".length).split(", ") ?? [];
      const refused = refusedIn(text);
      return refused.length > 0 && new Set([...ready, ...refused]).size === FLAGSHIPS.length;
    }, { wanted: `${setting} of every topology that is not ready`, signal });
    await weir.end(signal, { status: 1 });
    return refusedIn(told).join(", ");
  });
}

/** The topology that a line of /readyz is about. */
function topologyOf(line: string): string {
  return /^- (\w+): /.exec(line)![1];
}
