import { nearestConfig } from "../adapters/local/nearest_config.ts";

/** It reads and asks: it writes nothing, and runs no program. */
const PERMISSIONS = ["--allow-read", "--allow-net", "--allow-env", "--allow-sys"];

/**
 * Runs a module in a process of its own, that computes beside an instance: what it holds (`heapMegabytes` at most) and
 * what it computes must not slow down or end the instance. Whoever begins it ends it, too: Ctrl-C does not reach it.
 */
export function spawnSideProcess(
  module: string,
  { heapMegabytes }: { readonly heapMegabytes: number },
): Deno.ChildProcess {
  const config = nearestConfig(import.meta.url);
  const args = ["run", ...PERMISSIONS, "--no-prompt", "--cached-only"];
  if (config !== null) args.push("--config", config);
  args.push(`--v8-flags=--max-old-space-size=${heapMegabytes}`, module);
  // Ctrl-C reaches every process of a terminal's group; this one is ended by the instance alone.
  const pipes = { stdin: "piped", stdout: "piped", stderr: "inherit", detached: true } as const;
  return new Deno.Command(Deno.execPath(), { args, ...pipes }).spawn();
}

/** Ends it at once, if it has not ended by itself. */
export function killSideProcess(child: Deno.ChildProcess | null): void {
  try {
    child?.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
}
