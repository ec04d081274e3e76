import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { ConfigError } from "../../record/errors.ts";
import { unquotedText } from "./quoted_text.ts";
import { callsOf, readBrackets } from "./scan_code.ts";

/** A column as the file declares it. */
export interface DeclaredColumn {
  readonly name: string;
  readonly expression: string;
  /** Bounds of the expression in the file. */
  readonly start: number;
  readonly end: number;
}

/** A source of which the text is understood. */
export interface Declaration {
  readonly topic: string;
  readonly key: readonly string[];
  readonly columns: readonly DeclaredColumn[];
  /** The text of the option `registry`; null if it has none. */
  readonly registry: string | null;
  /** Columns that a comment leaves out: `// name: why`. */
  readonly leftOut: ReadonlySet<string>;
  /** Where a column can be added: the bracket behind the last one. */
  readonly rowEnd: number;
}

/** A file of sources. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** All topics that the module exports sources of, also those whose text is not understood. */
  readonly topics: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
}

/**
 * Reads a file of sources both ways: as a module, which tells what there is, and as text, which tells where it stands.
 * @throws ConfigError if it is no module that can be loaded
 */
export async function readSourceFile(path: string): Promise<SourceFile> {
  const text = await Deno.readTextFile(path);
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new ConfigError([
      `Cannot read "${path}" as a module: ${
        (error as Error).message
      }. Repair it first, or name another file with --output`,
    ], { cause: error });
  }
  const topics = Object.values(module).flatMap((value) => {
    const topic = (value as { spec?: { topic?: unknown } } | null)?.spec?.topic;
    return typeof topic === "string" ? [topic] : [];
  });
  const declarations = callsOf(text, "debezium").flatMap((at) => readDeclaration(text, at) ?? []);
  // Two declarations of one topic: which of them is meant nobody can tell.
  const once = declarations.filter(({ topic }) => declarations.filter((other) => other.topic === topic).length === 1);
  return {
    path,
    text,
    declarations: new Map(once.map((declaration) => [declaration.topic, declaration])),
    topics: new Set([...topics, ...declarations.map(({ topic }) => topic)]),
    exports: new Set(Object.keys(module)),
  };
}

/** `debezium("topic", { key: [...], row: z.object({...}), ... })`; null for anything else. */
function readDeclaration(text: string, at: number): Declaration | null {
  const call = readBrackets(text, text.indexOf("(", at));
  if (call === null || call.pieces.length !== 2) return null;
  const topic = unquotedText(call.pieces[0].text);
  const options = text[call.pieces[1].start] === "{" ? readBrackets(text, call.pieces[1].start) : null;
  if (topic === null || options === null) return null;
  const option = (name: string) => options.pieces.map(propertyOf).find((property) => property?.name === name);
  const key = option("key");
  const row = option("row");
  if (key == null || row == null || !row.value.startsWith("z.object({")) return null;
  const keys = readBrackets(text, key.start);
  const object = readBrackets(text, row.start + "z.object(".length);
  if (text[key.start] !== "[" || keys === null || object === null) return null;
  const columns = object.pieces.map(propertyOf);
  const names = keys.pieces.map((piece) => unquotedText(piece.text));
  // A row that is made of others (`...common`) is not read.
  if (columns.some((column) => column === null) || names.includes(null)) return null;
  return {
    topic,
    key: names as string[],
    registry: option("registry")?.value ?? null,
    columns: columns.map((column) => ({ ...column!, expression: column!.value })),
    leftOut: new Set(object.comments.flatMap((comment) => /^(?<name>[^\s:]+):/.exec(comment)?.groups?.name ?? [])),
    rowEnd: object.close,
  };
}

interface Property {
  readonly name: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

function propertyOf({ text, start, end }: { text: string; start: number; end: number }): Property | null {
  const found = /^(?<name>[A-Za-z_$][\w$]*|"(?:[^"\\]|\\.)*"|'[^'\\]*')\s*:\s*/.exec(text);
  if (found === null) return null;
  const name = unquotedText(found.groups!.name) ?? found.groups!.name;
  return { name, value: text.slice(found[0].length), start: start + found[0].length, end };
}

/** An expression without what a formatter changes. */
export function plainExpression(expression: string): string {
  return expression.replaceAll(
    /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\s+|,(?=\s*[)\]}])/g,
    (part) => /^["']/.test(part) ? part : "",
  );
}
