import { projectPath, readText } from "./compose_files.ts";

/** What one statement answered: its rows, or ClickHouse's error. */
export interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error: string | null;
}

/** Configuration files by their path below /etc/clickhouse-server; config.xml is the first that is read. */
export type Files = Readonly<Record<string, string>>;

/**
 * Starts ClickHouse's engine with these files, merged by the engine itself, and asks it.
 * @throws Error with what the engine printed when it does not start
 */
export async function askConfigured(files: Files, statements: readonly string[]): Promise<readonly Answer[]> {
  const folder = await Deno.makeTempDir({ prefix: "weir-clickhouse-config-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text.replaceAll("/etc/clickhouse-server", folder));
    }
    const answers = `${folder}/answers.json`;
    const args = ["run", "-A", "--no-prompt", "--cached-only", `--config=${projectPath("deno.json")}`];
    args.push(projectPath("tests/compose/clickhouse_probe.ts"), `${folder}/config.xml`, `${folder}/data`, answers);
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, ...statements],
      stdout: "piped",
      stderr: "piped",
    });
    const { success, stdout, stderr } = await child.output();
    const printed = () => [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    if (!success) throw new Error(`ClickHouse does not start with this configuration: ${printed()}`);
    return JSON.parse(await Deno.readTextFile(answers));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * What the engine makes of several configuration files: each top element that is left, and all text in it. Shown by the
 * one section whose elements the engine lets be read, <macros>, into which every file is put whole: merging follows the
 * same rules at each depth.
 */
export async function merged(files: Files): Promise<ReadonlyMap<string, string>> {
  const wrapped = Object.entries(files).map(([name, text]) => [
    name,
    text.replace("<clickhouse>", "<clickhouse><macros>").replace("</clickhouse>", "</macros></clickhouse>"),
  ]);
  const [{ rows, error }] = await askConfigured(Object.fromEntries(wrapped), ["SELECT * FROM system.macros"]);
  if (error !== null) throw new Error(error);
  return new Map(rows.map(({ macro, substitution }) => [
    String(macro),
    String(substitution).replaceAll(/\s+/g, " ").trim(),
  ]));
}

/** Names of the elements of one file, whether they set, replace or remove something. A repeated name counts once. */
export async function elementNames(text: string): Promise<readonly string[]> {
  const names = [...(await merged({ "config.xml": text })).keys()];
  return [...new Set(names.map((name) => name.replace(/\[\d+\]$/, "")))];
}

/** One section of a file as a file of its own. */
export function section(text: string, ...path: readonly string[]): string {
  let inner = text.replaceAll(/<!--[\s\S]*?-->/g, "");
  for (const name of path) {
    const found = new RegExp(`<${name}\\b[^>/]*>([\\s\\S]*)</${name}>`).exec(inner);
    if (found === null) throw new Error(`There is no <${name}>`);
    inner = found[1];
  }
  return `<clickhouse>${inner}</clickhouse>`;
}

/** The project's own files, as compose.yaml and compose.secure.yaml mount them. */
export const serverXml = readText("compose/init/clickhouse/server.xml");
export const listenSecureXml = readText("compose/init/clickhouse/listen.secure.xml");
export const usersXml = readText("compose/init/clickhouse/users.xml");
