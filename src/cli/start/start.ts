import { ConfigError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import { command, flag, type Invocation, type OptionValues, value } from "../command.ts";
import { configurationOf, dataOption, topologiesOption } from "../data_option.ts";
import { readAmount, readChoice, readDuration, readInteger, readText } from "../option_values.ts";
import { type ModuleGraph, moduleGraphOf } from "../module_graph.ts";
import { revisionOf } from "../revision.ts";
import { type LoadedFiles, loadRunnable, problemsOf } from "../topology_files.ts";
import { checkTypes } from "../type_check.ts";
import { UsageError } from "../usage_error.ts";
import { addressFirst } from "./address_first.ts";
import { ENDING_MS_MAX, runApplication } from "./application.ts";
import type { LiveInstance } from "./live_instance.ts";
import { DEMO_SIZES } from "./demo_source.ts";
import { GOES_ON } from "./end_message.ts";
import { createJsonOutput } from "./json_output.ts";
import { KeptEvents } from "./kept_events.ts";
import type { Output } from "./output.ts";
import { createPresses } from "./presses.ts";
import { withoutStandbys } from "./embedded_standbys.ts";
import { refuseTakeOver } from "./refuse_take_over.ts";
import { listenForStrays } from "./strays.ts";
import { createTerminalOutput } from "./terminal_output.ts";

const RATE_DEFAULT = 500;
const INTERRUPTED_STATUS = 130;
/** A check of types that takes longer is told. */
const TOLD_AFTER_S = 1;

/** Options of `start`, some of which `dev` has, too. */
export const startOptions = {
  rate: value({
    placeholder: "N",
    expected: "a number of changes a second",
    help: `Changes of the demo store a second (default ${RATE_DEFAULT}; 0: none); of a new one once it is shown.`,
    read: readAmount,
  }),
  duration: value({
    placeholder: "TIME",
    expected: "a duration such as 20s, 500ms, 5m or 1h",
    help:
      "Ends after this time, counted from when the topologies start, with everything applied: waits up to 2 min for " +
      "that, but not for a topic that is missing.",
    read: readDuration,
  }),
  data: dataOption,
  topologies: topologiesOption,
  seed: value({
    placeholder: "N",
    expected: "a whole number",
    help: "Seed of a new demo store (default 1).",
    read: readInteger(0),
  }),
  "demo-size": value({
    placeholder: "SIZE",
    expected: Object.keys(DEMO_SIZES).join(" or "),
    help: "Size of a new demo store: standard (77,000 rows) or small (2,000).",
    read: readChoice(...Object.keys(DEMO_SIZES) as (keyof typeof DEMO_SIZES)[]),
  }),
  "no-demo": flag("Embedded, but without the demo store."),
  "allow-deletes": flag("Lets the start delete rows that the topology no longer gives, however many."),
  "take-over": value({
    placeholder: "NAME",
    expected: "the name that a topology had before",
    help: "Takes the tables of a topology that was renamed over: once, when a start asks for it.",
    read: readText,
  }),
  port: value({
    placeholder: "N",
    expected: "a port from 0 to 65535",
    help: "Port of /metrics, /livez, /readyz and /store (default 8686; the next free one if taken; 0: any).",
    read: readInteger(0, 65_535),
  }),
  "no-check": flag("Leaves out the type check of the topology files."),
  json: flag("Prints JSON lines, as it does by itself on a pipe."),
};

/** Runs topologies until Ctrl-C, or for a while. */
export const startCommand = command({
  name: "start",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: startOptions,
  description: [
    "Runs topologies, by default all files of topologies/. With nothing configured everything is embedded: a " +
    "durable log and",
    "ClickHouse in the data directory, and a demo online store that writes changes. With KAFKA_BROKERS and " +
    "CLICKHOUSE_URL set",
    "(environment or .env) they are used instead; dead letters are then kept in the data directory,",
    "or with WEIR_DEAD_LETTERS=topic in topics that all instances share.",
    "Goes on where it stopped: only rows that differ from what ClickHouse shows are written. Ctrl-C drains and " +
    "ends within 5 s,",
    "a second Ctrl-C ends at once.",
    "Topology files are type-checked first: one that is wrong does not run, and is named with line and message.",
    "A topology that fails is shown as failed with the reason; the others run on. It is tried again after 10 s, " +
    "then ever later,",
    "up to every 5 min, except where only another start can help: a file that cannot be imported, rows that it would " +
    "delete",
    "(--allow-deletes), WEIR_STORE_ENTRIES_MAX. start ends by itself only when nothing is left to run.",
    "Status: 0 when told to end, or after --duration with everything applied; 1 when not everything could be " +
    "applied, or a topology",
    "is failed or degraded at the end (the last lines say which and why); 2 for a command line not understood; 130 " +
    "after a second Ctrl-C.",
  ].join("\n"),
  examples: [
    "deno task start",
    "deno task start sales --rate 2000 --duration 1m",
    "deno task start --data /tmp/other --seed 7",
  ],
  run: (invocation) => runStart(invocation),
});

/** Follows the files of an instance while it runs. */
export type FollowFiles = (
  instance: LiveInstance,
  loaded: { readonly files: LoadedFiles["files"]; readonly graph: ModuleGraph },
) => Promise<void>;

/** Runs topologies as the command line says. @returns the status with which the process should end */
export async function runStart(
  { operands, options }: Invocation<typeof startOptions>,
  following?: FollowFiles,
): Promise<number> {
  const asked = configured(configurationOf(options), options);
  // Its process has the files as they are when it begins.
  const configuration = following === undefined ? asked : { ...asked, proof: { ...asked.proof, by: "off" as const } };
  const strays = listenForStrays();
  const graph = moduleGraphOf(configuration.topologiesDirectory);
  const loaded = await loadRunnable(configuration.topologiesDirectory, operands);
  refuseTakeOver(configuration, loaded.files.map(({ topology }) => topology));
  const terminal = Deno.stdout.isTerminal() && !options.json;
  const { logLevel } = configuration;
  const events = new KeptEvents(Date.now);
  const output = events.heard(
    addressFirst(terminal ? createTerminalOutput(logLevel) : createJsonOutput(logLevel)),
  );
  const signals = listenForSignals(output);
  const checked = options["no-check"]
    ? Promise.resolve(loaded)
    : withRightTypes(loaded, { output, signal: signals.signal });
  // Awaited when it is needed.
  checked.catch(() => {});
  try {
    const imported = graph.files();
    // Nothing has to be opened to tell what is wrong.
    if (loaded.files.length === 0) throw new ConfigError(problemsOf((await checked).broken));
    return await runApplication({
      configuration: withoutStandbys(configuration, output.event),
      revision: await revisionOf(configuration.topologiesDirectory, imported),
      imported,
      ...(following === undefined ? {} : {
        live: async (instance) => following(instance, { files: (await checked).files, graph }),
      }),
      loaded,
      checked,
      stray: strays.first,
      ...{ output, events },
      demo: options["no-demo"] || configuration.kafka !== null ? null : {
        ratePerSecond: options.rate ?? RATE_DEFAULT,
        seed: options.seed,
        sizes: DEMO_SIZES[options["demo-size"] ?? "standard"],
      },
      durationMs: options.duration ?? null,
      signal: signals.signal,
      onEnding: (failed) => signals.failed = failed,
    });
  } finally {
    // Also where nothing could be opened.
    output.close();
    signals.close();
    strays.close();
  }
}

/**
 * Sets apart the files whose types are wrong: a misspelt column would be undefined in every row. What else is wrong
 * with a file is told behind that.
 */
async function withRightTypes(
  { files, broken }: LoadedFiles,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<LoadedFiles> {
  const startedMs = performance.now();
  const check = await checkTypes([...files, ...broken].map(({ path }) => path), signal);
  if (signal.aborted) return { files, broken };
  const tell = (level: "info" | "warn", text: string) => output.event({ level, name: "types", text });
  if (check.unchecked !== null) {
    tell("warn", `Topology files are not type-checked: ${check.unchecked}. Check them with: deno check`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  if (seconds > TOLD_AFTER_S) tell("info", `Topology files type-checked in ${seconds.toFixed(1)} s`);
  const errorsOf = (path: string) => check.broken.find((one) => one.path === path)?.problems ?? [];
  return {
    files: files.filter(({ path }) => errorsOf(path).length === 0),
    broken: [
      ...broken.map(({ path, problems }) => ({ path, problems: [...errorsOf(path), ...problems] })),
      ...check.broken.filter(({ path }) => !broken.some((one) => one.path === path)),
    ],
  };
}

/**
 * The configuration with what the command line says otherwise. @throws UsageError for options that need the demo store
 */
function configured(configuration: Configuration, given: OptionValues<typeof startOptions>): Configuration {
  const demo = ["rate", "seed", "demo-size", "no-demo"] as const;
  const useless = demo.filter((name) => given[name] !== undefined && given[name] !== false);
  if (configuration.kafka !== null && useless.length > 0) {
    throw new UsageError(
      useless.map((name) =>
        `Cannot use "--${name}" with Kafka: it is for the demo store of embedded mode. Leave it out, or unset ` +
        `KAFKA_BROKERS`
      ),
    );
  }
  const { run } = configuration;
  const takeOver = given["take-over"];
  return {
    ...configuration,
    port: given.port ?? configuration.port,
    run: {
      ...run,
      allowDeletes: given["allow-deletes"] || run.allowDeletes,
      takeOver: takeOver === undefined ? run.takeOver : [...run.takeOver, takeOver],
    },
  };
}

interface Signals {
  readonly signal: AbortSignal;
  /** Topologies that failed, which decide about the status when the clock ends the process. */
  failed: readonly string[];
  close(): void;
}

/** The first SIGINT or SIGTERM aborts the signal and starts the clock; a second one, or the clock, ends the process. */
function listenForSignals(output: Output): Signals {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // What was not acknowledged is found and written by the next start.
  const endNow = (how: string) => {
    output.event({ level: "warn", name: "ended", text: `${how}. ${GOES_ON}` });
    output.close();
  };
  const pressed = createPresses(() => performance.now());
  const onSignal = () => {
    const press = pressed();
    if (press === "echo") return;
    if (press === "again") {
      endNow("Ended at once");
      Deno.exit(INTERRUPTED_STATUS);
    }
    timer = setTimeout(() => {
      endNow(`Ended after ${ENDING_MS_MAX / 1000} s with work under way`);
      if (signals.failed.length > 0) console.error(`Error: ${signals.failed.join("; ")}`);
      Deno.exit(signals.failed.length > 0 ? 1 : 0);
    }, ENDING_MS_MAX);
    abort.abort(new DOMException("Told to end", "AbortError"));
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) Deno.addSignalListener(name, onSignal);
  const signals: Signals = {
    signal: abort.signal,
    failed: [],
    close() {
      clearTimeout(timer);
      for (const name of names) Deno.removeSignalListener(name, onSignal);
    },
  };
  return signals;
}
