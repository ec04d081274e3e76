import { basename } from "node:path";
import type { Revision } from "../../runtime/runner.ts";
import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import type { HttpServer } from "../http_server.ts";
import type { LoadedFiles } from "../topology_files.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "../prometheus.ts";
import { announce } from "./announce.ts";
import type { History } from "./demo_source.ts";
import type { DemoOptions } from "./embedded_world.ts";
import type { Output } from "./output.ts";
import { endMessage, type RunEnd } from "./end_message.ts";
import type { Failure } from "./failure.ts";
import type { KeptEvents } from "./kept_events.ts";
import { continuousProof } from "../proof/continuous_proof.ts";
import { leftOverEvents } from "./left_over_events.ts";
import { settle } from "./rest.ts";
import { openWorld } from "./open_world.ts";
import { openServer } from "./open_server.ts";
import { withProcessNotes } from "./with_process_notes.ts";
import { keepRight } from "./keep_right.ts";
import { degradedLines, failedLines, troubleLines } from "./shown_run.ts";
import { type LiveInstance, liveInstance } from "./live_instance.ts";
import { startInTurn } from "./start_in_turn.ts";
import { StatusSource } from "./status_source.ts";
import { strayRun } from "./strays.ts";
import type { TopologyRun } from "./topology_run.ts";
import type { World } from "./world.ts";

/** What an instance runs. */
export interface ApplicationOptions {
  readonly configuration: Configuration;
  readonly revision: Revision;
  /** Files in it that need not be in the directory of topologies. */
  readonly imported: readonly string[];
  readonly loaded: LoadedFiles;
  /**
   * The same without the files whose types are wrong, which takes a while to find out: everything else is opened
   * meanwhile. Files that give no topology are shown as failed beside those that run.
   */
  readonly checked: Promise<LoadedFiles>;
  /** Resolves with an error that belongs to none of them, if there is one. */
  readonly stray: Promise<Failure>;
  readonly output: Output;
  /** What of the output is kept. */
  readonly events: KeptEvents;
  /** Null: no demo store. Only in embedded mode. */
  readonly demo: DemoOptions | null;
  /** Null: until told to end. */
  readonly durationMs: number | null;
  /** Aborted to end: everything under way is acknowledged, and positions are committed. */
  readonly signal: AbortSignal;
  /**
   * The end begins, with these topologies failed or degraded: for whoever must end the process before everything has
   * ended.
   */
  readonly onEnding: (failed: readonly string[]) => void;
  /** Changes what runs, while it runs; ends with the signal. An instance with this waits also if nothing runs. */
  readonly live?: (instance: LiveInstance) => Promise<void>;
}

/** How long a run with a duration may take to apply what is there at its end. */
const CATCH_UP_MS = 120_000;
/**
 * When told to end: time to apply what is there, to drain, and in all, with the snapshots of large tables, before the
 * process must be gone: Docker ends it after ten seconds.
 */
const ENDING = { catchUpMs: 1_500, drainMs: 2_000, allMs: 9_500 } as const;

/**
 * Runs topologies until told to end, the duration is over, or nothing is left to run. A topology that fails is shown as
 * failed, the others run on.
 * @throws ConfigError when no file can run; at the end if a topology has failed and does not run again, or is
 * degraded, naming each with its reason
 * @throws the error of what could not be opened, or of the demo store
 * @returns the status with which the process should end
 */
export async function runApplication(options: ApplicationOptions): Promise<number> {
  const metrics = createPrometheusMetrics();
  const world = await openWorld({ ...options, metrics, onEvent: options.output.event });
  if (world === null) return ended(options, { metrics, left: null, failed: [] });
  return await withProcessNotes(options, () => runIn(world, { options, metrics }));
}

async function runIn(
  world: World,
  { options, metrics }: { readonly options: ApplicationOptions; readonly metrics: PrometheusMetrics },
): Promise<number> {
  const { configuration, output, events, signal, revision, imported, loaded } = options;
  const live = liveInstance(options, { world, metrics });
  const { runs, shown } = live;
  const proof = continuousProof({
    ...{ configuration, revision, imported, metrics, runs: shown, demo: world.demo !== null },
    topologies: loaded.files.map(({ path }) => basename(path, ".ts")),
    onEvent: output.event,
  });
  let server: HttpServer | null = null;
  let ticking: ReturnType<typeof setInterval> | undefined;
  let refused = false;
  try {
    options.stray.then((failure) => shown.push(strayRun(failure, output)));
    const status = new StatusSource({ world, runs: shown, metrics, configuration, continuous: proof.status });
    const over = (left: RunEnd["left"], degraded: readonly string[] = []) =>
      ended(options, { metrics, left, failed: [...failedLines(shown), ...degraded] });
    const written = () => metrics.total("weir_sink_rows_total", {});
    // Nobody waits for what does not run.
    const settled = (deadlineMs: number, restSignal?: AbortSignal) =>
      settle(() => runs.filter(({ state }) => state !== "failed"), { deadlineMs, written, signal: restSignal })
        .finally(() => status.keepStale());
    let preparing: string | null = "the snapshot or the type check is under way";
    const notReady = () => status.ending ?? preparing;
    server = openServer({ configuration, world, status, events, metrics, runs: shown, proof, notReady, settled });
    await announce(server, { world, status, options });
    const tick = () => output.status(status.take());
    tick();
    ticking = setInterval(tick, output.statusEveryMs);

    const [history, right] = await Promise.all([prepareDemo(world, signal), options.checked]);
    preparing = null;
    if (signal.aborted) return over(null);
    refused = right.files.length === 0;
    keepRight(right, { runs, shown, output });
    begin(runs, { world, signal, history });
    tellLeftOvers(runs, { world, options });
    proof.start(Promise.all(runs.map((run) => run.firstStart)));
    const following = options.live?.(live);
    const end = await untilEnd(options, { runs, world });

    events.ending(status.ending = endingText(end));
    tick();
    options.onEnding(troubleLines(shown));
    await proof.stop();
    const left = end.kind === "told" || end.kind === "time" ? await finish(options, { world, settled }) : null;
    // A topology that has stopped holds nothing any more.
    const degraded = degradedLines(shown);
    await Promise.race([following, world.ports.clock.sleep(ENDING.drainMs)]);
    await Promise.all(runs.map((run) => run.stop(ENDING.drainMs)));
    tick();
    if (end.kind === "demo") throw end.error;
    return over(left, degraded);
  } finally {
    clearInterval(ticking);
    await proof.stop();
    await server?.close();
    await (refused ? world.discard() : world.close());
    output.close();
  }
}

/** Whether this start has sent the history of a demo store that is new; without one, or when told to end, it is old. */
async function prepareDemo({ demo }: World, signal: AbortSignal): Promise<History> {
  return await demo?.prepare(signal).catch((error): History => {
    if (!signal.aborted) throw error;
    return "old";
  }) ?? "old";
}

/** A new demo store changes nothing for so long, unless all topologies show its history before. */
const QUIET_MS_MAX = 10_000;

/**
 * Starts the topologies, embedded one after the other; with real services they wait for the network, not for each
 * other. What changes while a history is loaded for the first time would cost more than the history itself: it comes in
 * small inserts, through all topologies that run already.
 */
async function begin(
  runs: readonly TopologyRun[],
  { world, signal, history }: { readonly world: World; readonly signal: AbortSignal; readonly history: History },
): Promise<void> {
  if (world.mode === "real") return runs.forEach((run) => run.start());
  const { clock } = world.ports;
  if (history === "old") world.demo?.begin();
  const first = history === "new" ? "most joins" : "fewest joins";
  const started = startInTurn(runs, { clock, signal, first });
  if (history === "old") return;
  await Promise.race([started, clock.sleep(QUIET_MS_MAX, signal)]);
  world.demo?.begin();
}

/** Once every topology has started, or failed: by then the tables are as they are declared. */
async function tellLeftOvers(
  runs: readonly TopologyRun[],
  { world, options }: { readonly world: World; readonly options: ApplicationOptions },
): Promise<void> {
  await Promise.all(runs.map((run) => run.firstStart));
  if (options.signal.aborted) return;
  try {
    const declared = { configuration: options.configuration, topologies: runs.map(({ topology }) => topology) };
    for (const event of await leftOverEvents(declared, world)) options.output.event(event);
  } catch {
    // ClickHouse does not answer, and whoever writes says so; the next start looks again.
  }
}

/** Why a run of the instance is over. */
type End =
  | { readonly kind: "told" | "time" | "nothing left" }
  | { readonly kind: "demo"; readonly error: Error };

function endingText({ kind }: End): string {
  switch (kind) {
    case "told":
      return "Ending: applying what is there";
    case "time":
      return "Time is over: applying what is there";
    case "nothing left":
      return "Ending: no topology is left to run";
    case "demo":
      return "Ending: the demo store cannot write";
  }
}

/** Resolves when told to end, the time is over, or nothing can go on any more. */
async function untilEnd(
  { signal, durationMs, live }: ApplicationOptions,
  { runs, world }: { readonly runs: readonly TopologyRun[]; readonly world: World },
): Promise<End> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<End>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "told" }));
    if (signal.aborted) resolve({ kind: "told" });
    if (durationMs !== null) timer = setTimeout(() => resolve({ kind: "time" }), durationMs);
  });
  const nothingLeft = Promise.all(runs.map((run) => run.over)).then((): End => ({ kind: "nothing left" }));
  const demo = world.demo?.failed.then((error): End => ({ kind: "demo", error }));
  // Who follows files may start something yet.
  const end = await Promise.race([
    over,
    ...(live === undefined ? [nothingLeft] : []),
    ...(demo === undefined ? [] : [demo]),
  ]);
  clearTimeout(timer);
  return end;
}

/**
 * Ends the changes first, so that there is an end to wait for. Returns what could not be applied in time; null if
 * nobody can say.
 */
async function finish(
  { signal }: ApplicationOptions,
  { world, settled }: { world: World; settled: (deadlineMs: number, signal?: AbortSignal) => Promise<string[]> },
): Promise<string[] | null> {
  if (world.mode === "real") return null;
  await world.demo?.hold();
  if (signal.aborted) return await settled(Date.now() + ENDING.catchUpMs);
  const left = await settled(Date.now() + CATCH_UP_MS, signal);
  return signal.aborted ? null : left;
}

/** Says how the run ended, and gives its status. @throws ConfigError when a topology has failed */
function ended(
  { output, signal, configuration }: ApplicationOptions,
  { metrics, ...end }: Pick<RunEnd, "left" | "failed"> & { readonly metrics: PrometheusMetrics },
): number {
  const { left, failed } = end;
  const inTime = left === null || left.length === 0 || signal.aborted;
  const deadLetters = metrics.counts("weir_dead_letters_total").map(({ labels, value }) => ({
    topology: labels.topology,
    reason: labels.reason,
    letters: value,
  }));
  const text = endMessage({
    ...end,
    told: signal.aborted,
    waitedMs: CATCH_UP_MS,
    deadLetters,
    data: configuration.dataDirectory,
  });
  const level = !inTime || failed.length > 0 ? "error" : deadLetters.length > 0 ? "warn" : "info";
  output.event({ level, name: "ended", text, fields: { unfinished: left, failed, deadLetters } });
  // Told again behind everything else, where a person or a supervisor looks for why the status is not 0.
  if (failed.length > 0) throw new ConfigError(failed);
  return inTime ? 0 : 1;
}

/** Milliseconds after which a process that was told to end is gone, whatever still hangs. */
export const ENDING_MS_MAX: number = ENDING.allMs;
