import { basename, resolve } from "node:path";
import type { LiveInstance } from "../start/live_instance.ts";
import type { TopologyRun } from "../start/topology_run.ts";
import type { ModuleGraph } from "../module_graph.ts";
import { revisionOf } from "../revision.ts";
import { loadRunnable, type TopologyFile, topologyNames } from "../topology_files.ts";
import { checkTypes } from "../type_check.ts";
import { changeText } from "./change_text.ts";
import { beginPreview, type Preview } from "./preview_process.ts";
import { identityOf, watchDirectories } from "./watched_directories.ts";
import { WatchedFiles } from "./watched_files.ts";

/** How long a topology that is replaced may take to have everything acknowledged. */
const DRAIN_MS = 5_000;

/** What reloading needs. */
export interface ReloadOptions {
  readonly graph: ModuleGraph;
  /** Topologies that were named; empty: all of the directory. */
  readonly names: readonly string[];
  readonly started: readonly TopologyFile[];
  /** How long counting what a change does may take; 0: it is not counted. */
  readonly previewMs: number;
}

/**
 * Follows the files of an instance: of a change it says what is wrong with it, or what it will do to the tables, and
 * then replaces the topologies that use a changed file. All others run on, and so does what ran before of a file that
 * is wrong now.
 */
export async function followFiles(instance: LiveInstance, options: ReloadOptions): Promise<void> {
  const { configuration: { topologiesDirectory: directory }, signal, output } = instance;
  const { graph } = options;
  const files = new WatchedFiles();
  const running = new Map(options.started.flatMap(({ path, topology }) => {
    const run = instance.runs.find((one) => one.topology === topology);
    return run === undefined ? [] : [[resolve(path), run] as const];
  }));
  const state: State = { ...options, files, running, counting: null };
  await files.look([...graph.files(), ...pathsOf(directory, options.names)]);
  output.event({ level: "info", name: "dev", text: `Watching ${directory}/ and what it imports` });
  const changed = async () => {
    try {
      await reload(instance, state);
    } catch (error) {
      output.event({ level: "error", name: "dev", text: `Not reloaded: ${(error as Error).message}` });
    }
  };
  const noticed = async () => {
    // What is being counted is not what will be loaded in the end.
    if (state.counting !== null && await files.differ()) state.counting?.abort("the files have changed again");
  };
  const refused = (path: string, reason: string) =>
    output.event({ level: "warn", name: "dev", text: `Not watched: ${shortened(path)}: ${reason}` });
  const all = () => [...new Set([resolve(directory), ...graph.directories()])];
  // Whoever is told of the data directory's files opens and closes them, and this process would lose its locks of them.
  const data = identityOf(instance.configuration.dataDirectory);
  const isData = (path: string) => data !== null && identityOf(path) === data;
  for (const path of all().filter(isData)) refused(path, "it is the data directory; name another one with --data");
  const directories = () => all().filter((path) => !isData(path));
  await watchDirectories({ directories, signal, changed, noticed, refused });
}

interface State extends ReloadOptions {
  readonly files: WatchedFiles;
  /** By the file's path. */
  readonly running: Map<string, TopologyRun>;
  /** Ends the counting that is under way; null: nothing is counted. */
  counting: AbortController | null;
}

async function reload(instance: LiveInstance, state: State): Promise<void> {
  const { configuration: { topologiesDirectory: directory }, signal, output } = instance;
  const { graph, running } = state;
  const paths = pathsOf(directory, state.names);
  const changed = await state.files.look([...graph.files(), ...paths]);
  if (changed.length === 0 || signal.aborted) return;
  const reached = graph.importersOf(changed);
  const affected = paths.filter((path) => reached.has(path) || !running.has(path));
  output.event({ level: "info", name: "dev", text: `Changed: ${changed.map(shortened).join(", ")}` });
  graph.forget(reached);
  for (const [path, run] of running) {
    if (!paths.includes(path)) await replace(instance, state, { path, before: run, after: null, preview: null });
  }
  const { broken } = await checkTypes(affected, signal);
  if (signal.aborted) return;
  const right = affected.filter((path) => !broken.some((one) => resolve(one.path) === path));
  const untouched = paths.filter((path) => running.has(path) && !affected.includes(path));
  // Together with those that run on: no two may write one table.
  const loaded = right.length === 0 ? { files: [], broken: [] } : await loadRunnable(directory, [
    ...[...right, ...untouched].map((path) => path.slice(resolve(directory).length + 1)),
  ]);
  await state.files.know(graph.files());
  for (const { path, problems } of [...broken, ...loaded.broken]) {
    const goesOn = running.has(resolve(path)) ? "; what ran before goes on" : "";
    const text = `${shortened(resolve(path))} is not loaded${goesOn}:${problems.map((one) => `\n  ${one}`).join("")}`;
    output.event({ level: "error", name: "dev", text, fields: { path, problems } });
  }
  const anew = loaded.files.filter((file) => {
    const path = resolve(file.path);
    return right.includes(path) && running.get(path)?.topology !== file.topology;
  });
  if (anew.length > 0) await replaceAll(instance, { state, files: anew });
}

/** One after the other, while it is counted what the others will do. */
async function replaceAll(
  instance: LiveInstance,
  { state, files }: { readonly state: State; readonly files: readonly TopologyFile[] },
): Promise<void> {
  const { configuration, world, signal, output } = instance;
  const counting = state.counting = new AbortController();
  const preview = beginPreview({
    configuration,
    demo: world.demo !== null,
    files: files.map(({ path }) => basename(path, ".ts")),
    timeMs: state.previewMs,
    signal: AbortSignal.any([signal, counting.signal]),
    onProgress: (text) => output.event({ level: "info", name: "dev", text }),
  });
  try {
    for (const file of files) {
      const path = resolve(file.path);
      const before = state.running.get(path) ?? null;
      await replace(instance, state, { path, before, after: file, preview });
    }
  } finally {
    state.counting = null;
    await preview.close();
  }
}

/** Says what it will do, and does it. */
async function replace(
  instance: LiveInstance,
  { running, graph }: State,
  { path, before, after, preview: counting }: {
    readonly path: string;
    readonly before: TopologyRun | null;
    readonly after: TopologyFile | null;
    /** Null: nothing of it will be written. */
    readonly preview: Preview | null;
  },
): Promise<void> {
  const { runs, shown, world: { ports: { warehouse } }, configuration, output, signal } = instance;
  const { database, topologiesDirectory } = configuration;
  const change = { before: before?.topology ?? null, after: after?.topology ?? null };
  const name = after?.topology.name ?? before!.name;
  const preview = await counting?.of(name) ?? { reason: "it ends" };
  if (signal.aborted) return;
  const { lagRecords } = before?.runner?.status() ?? { lagRecords: 0 };
  const text = `${name}: ${await changeText(change, { warehouse, database, preview, lagRecords })}`;
  output.event({ level: "info", name: "dev change", text, fields: { topology: name, preview } });
  if (before !== null) {
    await before.stop(DRAIN_MS);
    instance.forget(before.name);
    for (const list of [runs, shown]) list.splice(list.indexOf(before), 1);
    running.delete(path);
  }
  if (after === null || signal.aborted) return;
  const run = instance.make(after.topology, await revisionOf(topologiesDirectory, graph.files()));
  runs.push(run);
  shown.push(run);
  running.set(path, run);
  run.start();
}

function pathsOf(directory: string, names: readonly string[]): string[] {
  const there = topologyNames(directory);
  const wanted = names.length === 0 ? there : there.filter((name) => names.includes(name));
  return wanted.map((name) => resolve(directory, `${name}.ts`));
}

function shortened(path: string): string {
  const here = `${resolve(".")}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
