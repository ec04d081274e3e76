import type { Manifest } from "./registry.ts";

/** What a command printed, and its status. */
export interface Done {
  readonly status: number;
  readonly text: string;
}

/** The directory where Deno keeps what it downloads, and there that of a registry on a port of this machine. */
export async function downloads(port: number): Promise<{ readonly all: string; readonly own: string }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir, npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  return { all: denoDir, own: `${npmCache}/127.0.0.1_${port}` };
}

/** Runs `deno` in a folder, as one who has this package from its registry. */
export function denoIn(folder: string, env: Record<string, string>): (...args: string[]) => Promise<Done> {
  return async (...args) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: folder,
      clearEnv: true,
      env: { ...inherited(), ...env, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return { status: code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
}

/** The environment without what Weir, or a service's client, would take up. */
export function inherited(): Record<string, string> {
  const foreign = /^(KAFKA_|CLICKHOUSE_|POSTGRES_|PG|WEIR_|INIT_CWD)/;
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !foreign.test(name)));
}

/** What a packed package says of itself. */
export async function manifestOf(tarball: string): Promise<Manifest> {
  const { stdout } = await new Deno.Command("tar", { args: ["-xzOf", tarball, "package/package.json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
