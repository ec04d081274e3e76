/**
 * Folder of PostgreSQL's server programs, of the first of these major versions that is installed, or `null`. Debian
 * keeps them off the PATH.
 */
export function postgresPrograms(versions: readonly number[] = [15, 16, 17]): string | null {
  return versions.map((version) => `/usr/lib/postgresql/${version}/bin`).find((folder) => {
    try {
      return Deno.statSync(`${folder}/initdb`).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

/** The command that runs a program as the user of PostgreSQL's server, which refuses to run as root. */
export function asServer(program: string, args: readonly string[]): [program: string, args: string[]] {
  if (Deno.uid() !== 0) return [program, [...args]];
  return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", program, ...args]];
}

/** What the program wrote, in the end; `env`: its whole environment. @throws Error with that, if it failed */
export async function run(
  program: string,
  args: readonly string[],
  { env }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const options = {
    args: [...args],
    cwd: "/",
    stdin: "null" as const,
    ...(env === undefined ? {} : { env, clearEnv: true }),
  };
  const { success, stdout, stderr } = await new Deno.Command(program, options).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${text}`);
  return text;
}
