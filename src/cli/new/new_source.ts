import { exists } from "../../adapters/local/exists.ts";
import { ConfigError } from "../../record/errors.ts";
import { exportName } from "../sources/source_text.ts";
import { UsageError } from "../usage_error.ts";
import { type NewSource, readColumns, sourceText } from "./source_text.ts";

/** Where a new source's topic is, if no other one tells: schema and database. */
const TOPIC_PREFIX = "shop.public";

/** What a person asks for. */
export interface SourceRequest {
  readonly table: string;
  /** Each as `name:type`. */
  readonly columns: readonly string[];
  /** Columns of the key; the first column if absent. */
  readonly key?: readonly string[];
  /** As the other sources of the file have it if absent. */
  readonly topic?: string;
}

/** Where it is written. */
export interface SourceFile {
  readonly path: string;
  /** What the file imports the library as. */
  readonly library: string;
}

/**
 * Adds a declaration to the file of sources, which is made if it is missing; nothing that stands there is changed but
 * what it imports.
 * @returns the source and a record of it, as `produce` takes it
 * @throws UsageError for names and types that cannot be @throws ConfigError when a source of the name is there
 */
export async function writeSource(
  { table, columns: declared, key, topic }: SourceRequest,
  { path, library }: SourceFile,
): Promise<{ readonly source: NewSource; readonly sample: string }> {
  if (!/^[a-z][a-z0-9_]*$/.test(table)) {
    throw new UsageError([`Cannot use "${table}" as a table's name: use lower-case letters, digits and "_"`]);
  }
  const columns = readColumns(declared);
  const before = exists(path) ? await Deno.readTextFile(path) : "";
  const others = [...before.matchAll(/debezium\(\s*"([^"]+)"/g)].map(([, name]) => name);
  const prefix = others.at(-1)?.split(".").slice(0, -1).join(".") ?? TOPIC_PREFIX;
  const name = exportName({ title: table }, importedNames(before));
  const source = { name, topic: topic ?? `${prefix}.${table}`, key: key ?? [[...columns.keys()][0]], columns };
  const problems: string[] = source.key.filter((column) => !columns.has(column)).map((column) =>
    `Cannot use "${column}" as the key of "${table}": it is none of the columns`
  );
  if (problems.length > 0) throw new UsageError(problems);
  if (others.includes(source.topic)) problems.push(`Cannot declare topic "${source.topic}" again: it is in ${path}`);
  if (new RegExp(`\\b(const|function|class)\\s+${name}\\b`).test(before)) {
    problems.push(`Cannot declare "${name}" again: it is in ${path}. Choose another name`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const { text, imported, sample } = sourceText(source);
  const head = withImports(before, { library, imported });
  await Deno.writeTextFile(path, `${head.trimEnd()}\n\n${text}`);
  return { source, sample };
}

/** Names that a file imports, by which nothing of its own can be called. */
function importedNames(text: string): ReadonlySet<string> {
  const lists = [...text.matchAll(/^import (?:type )?\{(?<list>[^}]*)\} from /gm)].map(({ groups }) => groups!.list);
  const names = lists.join().split(",").map((name) => name.trim().split(/\s+/).at(-1)!);
  const modules = [...text.matchAll(/^import \* as (?<name>\w+) from /gm)].map(({ groups }) => groups!.name);
  return new Set([...names, ...modules]);
}

/** The file's text with all that it needs imported. */
function withImports(
  text: string,
  { library, imported }: { readonly library: string; readonly imported: readonly string[] },
): string {
  const quoted = library.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const known = new RegExp(`import \\{([^}]*)\\} from "${quoted}";`).exec(text);
  const names = (known?.[1] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  const all = [...new Set([...names, ...imported])].sort((a, b) => a.localeCompare(b));
  const line = `import { ${all.join(", ")} } from "${library}";`;
  const short = line.length <= 120
    ? line
    : `import {\n${all.map((name) => `  ${name},\n`).join("")}} from "${library}";`;
  const withLibrary = known === null ? `${short}\n${text}` : text.replace(known[0], () => short);
  return /import \{[^}]*\bz\b[^}]*\} from "zod";/.test(text) ? withLibrary : `import { z } from "zod";\n${withLibrary}`;
}
