import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** What a command line has said. */
export interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in a folder, with these variables and no others of Weir's. */
export async function runWeir(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Said> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--cached-only", `--config=${ROOT}deno.json`, `${ROOT}src/main.ts`, ...args],
    cwd,
    env: { PATH: Deno.env.get("PATH")!, HOME: Deno.env.get("HOME") ?? cwd, NO_COLOR: "1", ...env },
    clearEnv: true,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: code, out: text(stdout), err: text(stderr) };
}

/** What `deno` says of files. */
export async function deno(command: "check" | "fmt", files: readonly string[]): Promise<Said> {
  const flags = command === "fmt" ? ["--check"] : ["--quiet"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, ...flags, `--config=${ROOT}deno.json`, ...files],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: code, out: text(stdout), err: text(stderr) };
}
