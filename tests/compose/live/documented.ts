import { readText } from "../compose_files.ts";
import type { Stage } from "./stage.ts";

const SAID_CHARACTERS_MAX = 2_000;

/**
 * The blocks of shell commands under a heading of docs/operations.md, in their order. @throws Error when there is none
 */
export function documentedCommands(heading: string, text = readText("docs/operations.md")): string[] {
  const [, section] = text.split(new RegExp(`^## ${heading}$`, "m"));
  const blocks = [...(section?.split(/^## /m)[0] ?? "").matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  if (blocks.length === 0) throw new Error(`Cannot find commands under "${heading}" of docs/operations.md`);
  return blocks;
}

/**
 * Runs one block of commands as it stands on the page, in the run's folder.
 * @throws Error with what it said when a command fails
 */
export async function runDocumented(
  stage: Stage,
  { heading, block, signal }: { heading: string; block: number; signal: AbortSignal },
): Promise<void> {
  const { status, said } = await shell(stage, documentedCommands(heading)[block], signal);
  if (status !== 0) throw new Error(`Cannot run what "${heading}" says (${block + 1}): status ${status}\n${said}`);
}

/**
 * Runs commands that are written for the stack under its usual name: `dc`, `docker compose -f compose/compose.yaml`,
 * the volumes and the ports are this run's.
 */
export async function shell(
  stage: Stage,
  commands: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly said: string }> {
  const { args, environment } = await stage.composeCommand({ profile: stage.profile });
  const words = ["docker", ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const mine = commands
    .replaceAll("docker compose -f compose/compose.yaml", "dc")
    .replaceAll("online-store_", `${stage.options.project}_`)
    .replaceAll(/localhost:(\d+)/g, (_, port) => `localhost:${stage.port(Number(port))}`);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", `dc() { ${words} "$@"; }\n${mine}`],
    cwd: stage.root,
    env: { ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).output();
  const decoder = new TextDecoder();
  return { status: code, said: (decoder.decode(stdout) + decoder.decode(stderr)).trim().slice(-SAID_CHARACTERS_MAX) };
}
