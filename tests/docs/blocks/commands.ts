import type { Command } from "../../../src/cli/command.ts";
import { VARIABLE_NAMES } from "../../../src/cli/config/environment_schema.ts";
import { readCompose } from "../../compose/compose_files.ts";
import { isThere } from "../../grafana/support.ts";
import { ROOT } from "./pages.ts";
import { commandsOf, variablesOf, type Words } from "./shell.ts";

/** Programs of others, of which a page may show any command. */
const PROGRAMS = new Set([
  ...["cd", "git", "npm", "kubectl", "docker", "grep", "xargs", "sh", "psql", "tar", "mkdir", "cp", "cat"],
  ...["echo", "export"],
  ...["kafka-topics", "kafka-configs", "kafka-broker-api-versions", "kafka-consumer-groups", "clickhouse-client"],
]);

/** Variables of other programs that scripts of pages set. */
const OTHERS = /^(PG[A-Z]+|POSTGRES_PASSWORD_FILE|PASSWORD|SOURCE_DATABASE_URL|DENO_[A-Z_]+)$/;

const { tasks, exports } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as {
  readonly tasks: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
};

/** Variables that the command line reads: those of its configuration, and others that its files name. */
function isRead(name: string): boolean {
  const names: readonly string[] = VARIABLE_NAMES;
  return names.includes(name) || names.includes(name.replace(/_FILE$/, "")) || sources().includes(name);
}

let text: string | null = null;

/** The text of the command line's files. */
function sources(): string {
  return text ??= [...sourceFiles(`${ROOT}src/cli`)].map((path) => Deno.readTextFileSync(path)).join("\n");
}

function* sourceFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory && name !== "assets") yield* sourceFiles(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

/** What a script names that is not there, as sentences. */
export async function commandProblems(script: string): Promise<string[]> {
  const problems: string[] = [];
  for (const words of commandsOf(script)) problems.push(...await problemsOf(words));
  for (const name of variablesOf(script)) {
    if (!OTHERS.test(name) && !isRead(name)) problems.push(`no program here reads ${name}`);
  }
  return problems;
}

async function problemsOf(words: Words): Promise<string[]> {
  const [program, ...rest] = words;
  if (program === "npx") return rest[0] === "--yes" ? problemsOf(rest.slice(1)) : [`npx ${rest[0]} asks a question`];
  if (program === "deno") return denoProblems(rest);
  if (program === "dc") return composeProblems(rest);
  if (program === "docker" && rest[0] === "compose") return composeProblems(rest.slice(1));
  if (program === "curl") return await curlProblems(rest);
  return PROGRAMS.has(program)
    ? []
    : [`"${program}" is no program that pages may show (tests/docs/blocks/commands.ts)`];
}

async function denoProblems([subcommand, ...rest]: Words): Promise<string[]> {
  if (["install", "check", "fmt", "lint", "test"].includes(subcommand)) return [];
  if (subcommand === "task") return await taskProblems(rest);
  if (subcommand === "run") {
    const [file] = rest.filter((word) => !word.startsWith("-"));
    const name = /^npm:@weir\/weir\/(\w+)$/.exec(file)?.[1];
    if (name !== undefined) return `./${name}` in exports ? [] : [`the package exports no "${name}"`];
    return isThere(file) ? [] : [`there is no file ${file}`];
  }
  return [`"deno ${subcommand}" is not known to tests/docs/blocks/commands.ts`];
}

async function taskProblems([name, ...args]: Words): Promise<string[]> {
  const task = tasks[name];
  if (task === undefined) return [`there is no task "${name}"`];
  const used = args.flatMap((word) => /^(--[a-z][\w-]*)/.exec(word)?.[1] ?? []);
  const [, file] = / (\S+\.ts)(?: (\w+))?$/.exec(task) ?? [];
  if (file === "src/main.ts" || task.endsWith(`src/main.ts ${name}`)) {
    const { options } = await commandNamed(name);
    return used.filter((option) => option !== "--help" && !(option.slice(2) in options))
      .map((option) => `"${name}" has no option ${option}`);
  }
  const text = file === undefined ? task : await folderText(file);
  return used.filter((option) => option !== "--help" && !text.includes(option.slice(2)))
    .map((option) => `"${name}" has no option ${option}`);
}

/** Where each command is declared. */
async function commandNamed(name: string): Promise<Command> {
  const main = await Deno.readTextFile(`${ROOT}src/cli/main.ts`);
  const [, path, exported] = new RegExp(`name: "${name}"[^}]*?import\\("\\./([^"]+)"\\)\\)\\.(\\w+)`).exec(main)!;
  return (await import(`file://${ROOT}src/cli/${path}`))[exported];
}

/** The text of a tool's file and of those beside it. */
async function folderText(file: string): Promise<string> {
  const folder = `${ROOT}${file.slice(0, file.lastIndexOf("/"))}`;
  const texts = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => Deno.readTextFile(`${folder}/${name}`));
  return (await Promise.all(texts)).join("\n");
}

const SUBCOMMANDS = new Set(
  "up down start stop restart build create exec ps logs wait port config pull run rm kill cp".split(" "),
);

/** Files and services of the Compose stack. */
function composeProblems(words: Words): string[] {
  const files = words.flatMap((word, at) => ["-f", "--file"].includes(words[at - 1]) ? [word] : []);
  const missing = files.filter((file) => file.startsWith("compose/") && !isThere(file));
  const plain = words.filter((word, at) => !word.startsWith("-") && !["-f", "--file"].includes(words[at - 1]));
  const [subcommand, service] = plain;
  const problems = missing.map((file) => `there is no file ${file}`);
  if (subcommand !== undefined && !SUBCOMMANDS.has(subcommand)) problems.push(`Compose has no command "${subcommand}"`);
  const named = subcommand === "exec" ? service : undefined;
  if (named !== undefined && !(named in readCompose("compose.yaml").services)) {
    problems.push(`there is no service "${named}"`);
  }
  return problems;
}

/** Paths of an instance's own server. */
async function curlProblems(words: Words): Promise<string[]> {
  const own = words.flatMap((word) => /(?:localhost|127\.0\.0\.1):8686(\/[\w/]*)/.exec(word)?.[1] ?? []);
  if (own.length === 0) return [];
  const routes = `${await folderText("src/cli/start/routes.ts")}${await folderText("src/cli/api/api_routes.ts")}` +
    `${await folderText("src/cli/store/store.ts")}${await folderText("src/cli/explain/explain.ts")}`;
  return own.filter((path) => {
    const [, first, second] = path.split("/");
    return !routes.includes(first === "api" ? second : first);
  }).map((path) => `an instance has no ${path}`);
}
