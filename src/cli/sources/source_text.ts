import type { PulledColumn, PulledTable } from "./pulled_table.ts";
import { quotedText } from "./quoted_text.ts";
import { readBrackets } from "./scan_code.ts";

const WIDTH = 120;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const RESERVED = new Set(
  ("break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if import in instanceof let new null package private protected public return static super switch " +
    "this throw true try typeof var void while with yield await implements interface arguments eval undefined").split(
      " ",
    ),
);
/** Names that declarations use themselves. */
const USED = "z mysql debezium int8 numeric timestamptz timestamp date time json uuid bytea float8 citext char".split(
  " ",
);

/** The export of a table: `orderItems`, with its schema if another has that name. */
export function exportName({ title }: Pick<PulledTable, "title">, taken: ReadonlySet<string>): string {
  const [schema, ...rest] = title.split(".");
  const plain = camelCase(rest.join("_") || schema);
  const names = [plain, camelCase(title.replaceAll(".", "_")), `${plain}Table`];
  const free = (name: string) => !taken.has(name) && !RESERVED.has(name) && !USED.includes(name);
  const found = names.find(free);
  if (found !== undefined) return found;
  for (let number = 2;; number++) if (free(`${plain}${number}`)) return `${plain}${number}`;
}

function camelCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word, index) =>
    index === 0 ? word.charAt(0).toLowerCase() + word.slice(1) : word.charAt(0).toUpperCase() + word.slice(1)
  ).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `table${joined}`;
}

/** What a file imports Weir's modules as. */
export interface Libraries {
  readonly mod: string;
  readonly mysql: string;
}

/** A whole file of declarations. */
export function fileText(tables: readonly PulledTable[], libraries: Libraries): string {
  const taken = new Set<string>();
  const declarations = tables.map((table) => {
    const name = exportName(table, taken);
    taken.add(name);
    return declarationText(table, name);
  });
  const used = usedNames(declarations.join("\n"));
  const imports = [
    ...used.includes("z") ? [importText(["z"], "zod")] : [],
    importText(used.filter((name) => name !== "z" && name !== "mysql"), libraries.mod),
    ...used.includes("mysql") ? [moduleImport("mysql", libraries.mysql)] : [],
  ];
  return `${imports.join("\n")}\n\n${declarations.join("\n")}`;
}

/** Names of zod and Weir that generated text uses, sorted. */
export function usedNames(text: string): string[] {
  const code = text.replaceAll(/"(?:[^"\\]|\\.)*"|'[^'\n]*'/g, '""').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return USED.filter((name) => new RegExp(`(?<![.\\w$])${name}[.(]`).test(code)).sort();
}

/** The import of a whole module under a name. */
export function moduleImport(name: string, from: string): string {
  return `import * as ${name} from ${JSON.stringify(from)};`;
}

export function importText(names: readonly string[], from: string): string {
  const line = `import { ${names.join(", ")} } from ${JSON.stringify(from)};`;
  if (line.length <= WIDTH) return line;
  return `import {\n${names.map((name) => `  ${name},\n`).join("")}} from ${JSON.stringify(from)};`;
}

/** One declaration, with a line break at its end. */
export function declarationText(table: PulledTable, name: string): string {
  const key = table.key.map(quotedText).join(", ");
  return [
    ...docText(table.comments.length > 0 ? table.comments : [`Table ${table.title}.`], ""),
    `export const ${name} = debezium(${JSON.stringify(table.topic)}, {`,
    `  key: [${key}],`,
    "  row: z.object({",
    ...table.columns.flatMap(columnLines),
    ...table.leftOut.map((column) => `    ${leftOutText(column)}`),
    "  }),",
    ...table.registry === undefined ? [] : [`  registry: ${JSON.stringify(table.registry)},`],
    "});",
    "",
  ].join("\n");
}

/** The comment that stands for a column which is left out: `// name: why`. */
function leftOutText({ name, why }: { readonly name: string; readonly why: string }): string {
  return `// ${name}: left out, ${why.replaceAll("\n", " ")}`;
}

/** The lines of one column, indented, each entry with its comma. */
export function columnLines({ name, expression, comments }: PulledColumn): string[] {
  const property = IDENTIFIER.test(name) ? name : quotedText(name);
  return [...docText(comments, "    "), ...`    ${property}: ${broken(expression, property)},`.split("\n")];
}

/** An expression as it stands behind a column's name: a list that is too wide has a line for each value. */
export function broken(expression: string, property: string): string {
  if (`    ${property}: ${expression},`.length <= WIDTH) return expression;
  const open = /z\.enum\(\[|mysql\.set\(/.exec(expression);
  const list = open === null ? null : readBrackets(expression, open.index + open[0].length - 1);
  if (list === null) return expression;
  const lines = list.pieces.map(({ text }) => `      ${text},\n`).join("");
  return `${expression.slice(0, list.open + 1)}\n${lines}    ${expression.slice(list.close)}`;
}

function docText(comments: readonly string[], indent: string): string[] {
  const lines = comments.map((line) => line.replaceAll("*/", "*\\/"));
  if (lines.length === 0) return [];
  const single = `${indent}/** ${lines[0]} */`;
  if (lines.length === 1 && single.length <= WIDTH) return [single];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}
