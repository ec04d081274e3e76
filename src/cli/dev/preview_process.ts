import { siblingModule } from "../../adapters/local/sibling_module.ts";
import type { Configuration } from "../config/configuration.ts";
import { denoProgram } from "../deno_program.ts";
import { messageLine, messagesOf } from "../proof/messages.ts";
import { killSideProcess, spawnSideProcess } from "../side_process.ts";
import type { CountedTopology, FromPreview, PreviewBegin } from "./preview_messages.ts";

const MODULE = siblingModule(import.meta.url, "preview_main");
/** The source's tables and what is computed of them, as objects: what needs more is not counted. */
const HEAP_MEGABYTES = 2_048;
/** Counting that takes longer says so as often. */
const PROGRESS_MS = 5_000;

/** What loading a topology will do to its tables; or why nobody counted that. */
export type TopologyPreview = CountedTopology | { readonly reason: string };

/** Counting that is under way. */
export interface Preview {
  /** Resolves with what was found, or when that is given up. Never rejects. */
  of(topology: string): Promise<TopologyPreview>;
  /** Nobody waits for what is left. */
  close(): Promise<void>;
}

/** What is to be counted, and how long. */
export interface PreviewOptions {
  readonly configuration: Pick<
    Configuration,
    "dataDirectory" | "topologiesDirectory" | "kafka" | "mysql" | "postgres" | "proof"
  >;
  /** Whether the demo store is the source of what embedded mode runs. */
  readonly demo: boolean;
  /** Names of the topologies' files, without `.ts`. */
  readonly files: readonly string[];
  /** For all of them together; 0: nothing is counted. */
  readonly timeMs: number;
  /** Aborted with the reason, as a text, why nobody wants to know any more. */
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/**
 * Counts, in a process of its own, what loading topologies will do to their tables, while all that runs goes on. It is
 * ended with what it has when the time is over.
 */
export function beginPreview(options: PreviewOptions): Preview {
  const refused = refusal(options);
  if (refused !== null) return { of: () => Promise.resolve({ reason: refused }), close: () => Promise.resolve() };
  const { timeMs, signal, onProgress } = options;
  const child = spawnSideProcess(MODULE, { heapMegabytes: HEAP_MEGABYTES });
  const found = new Map<string, PromiseWithResolvers<TopologyPreview>>();
  const answerOf = (topology: string) => found.getOrInsertComputed(topology, () => Promise.withResolvers());
  const startedMs = performance.now();
  let over: string | null = null;
  let step = "its process begins";
  const giveUp = (reason: string) => {
    over ??= reason;
    killSideProcess(child);
    for (const { resolve } of found.values()) resolve({ reason: over });
  };
  const onAbort = () => giveUp(String(signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  const seconds = () => Math.round((performance.now() - startedMs) / 1_000);
  const timer = setTimeout(() => giveUp(`counting took longer than ${timeMs / 1_000} s (--preview)`), timeMs);
  const progress = setInterval(() => onProgress(`Counting what will change, for ${seconds()} s: ${step}`), PROGRESS_MS);
  const listen = async () => {
    for await (const message of talk(child, options)) {
      if (message.kind === "failed") giveUp(message.reason);
      else if (message.kind === "step") step = `${message.topology}, ${message.step}`;
      else answerOf(message.topology).resolve(message.kind === "counted" ? message.counted : message);
    }
    const { code } = await child.status;
    giveUp(`the process that counts ended with status ${code}`);
  };
  const ended = listen().catch((error) => giveUp((error as Error).message)).finally(() => {
    clearTimeout(timer);
    clearInterval(progress);
    signal.removeEventListener("abort", onAbort);
  });
  if (signal.aborted) onAbort();
  return {
    async of(topology) {
      const { promise, resolve } = answerOf(topology);
      if (over !== null) resolve({ reason: over });
      return await promise;
    },
    async close() {
      giveUp("nobody waits for it");
      await ended;
    },
  };
}

async function* talk(child: Deno.ChildProcess, options: PreviewOptions): AsyncGenerator<FromPreview> {
  const { configuration: { dataDirectory, topologiesDirectory }, files } = options;
  const begin: PreviewBegin = { dataDirectory, topologiesDirectory, files, mark: crypto.randomUUID() };
  const writer = child.stdin.getWriter();
  // One that was ended at once reads nothing.
  writer.write(messageLine(begin)).catch(() => {});
  yield* messagesOf<FromPreview>(child.stdout, begin.mark);
  await writer.abort().catch(() => {});
}

/** Why nothing can be counted; null: it can. */
function refusal({ configuration: { kafka, mysql, postgres, proof }, demo, timeMs }: PreviewOptions): string | null {
  if (timeMs === 0) return "--preview 0s";
  if (kafka === null && !demo) return "the log is the only source without the demo store";
  if (kafka !== null && (mysql ?? postgres ?? proof.database) === null) {
    return "no source database is configured (POSTGRES_URL or MYSQL_URL, as for deno task verify)";
  }
  return denoProgram() === null ? "this process may not run deno, which counts (--allow-run)" : null;
}
