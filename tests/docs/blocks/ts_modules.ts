import { type Block, ROOT } from "./pages.ts";

/** The tables that a block without imports may use if its page declares none. */
const SHOP = `${ROOT}tests/docs/blocks/shop.ts.txt`;

/** A block as a module of its own. */
export interface Module {
  readonly block: Block;
  readonly code: string;
}

const hasImports = (code: string) => /^import /m.test(code);
const hasDefault = (code: string) => /^export default /m.test(code);

/**
 * A page's blocks as modules. One with imports is a module as it is. One without stands behind the last one that has
 * imports and no default export, or else behind `shop.ts.txt`: what it declares is at the top, what it does is within a
 * topology, if it speaks of the builder.
 */
export function modulesOf(blocks: readonly Block[], exports: Readonly<Record<string, string>>): Module[] {
  let scope: string | null = null;
  return blocks.map((block) => {
    const code = resolved(block.code, exports);
    if (hasImports(code)) {
      if (!hasDefault(code)) scope = code;
      return { block, code: usingAll(code) };
    }
    scope ??= resolved(Deno.readTextFileSync(SHOP), exports);
    const before = withoutDeclared(scope, code);
    return { block, code: usingAll(`${before}\n${hasDefault(code) ? code : inTopology(code)}`) };
  });
}

/** Imports as they are found from anywhere: Weir's modules by their files. */
function resolved(code: string, exports: Readonly<Record<string, string>>): string {
  return code
    .replaceAll(/from "@weir\/weir(\/\w+)?"/g, (_, path = "") => `from "${ROOT}${exports[`.${path}`].slice(2)}"`)
    .replaceAll(/from "(?:\.\.\/)+(src|topologies|examples)\//g, `from "${ROOT}$1/`);
}

/** The scope without what the block declares itself. */
function withoutDeclared(scope: string, code: string): string {
  const names = new Set([...code.matchAll(/^(?:export )?const (\w+) =/gm)].map(([, name]) => name));
  const own = (statement: string) => names.has(/^(?:export )?const (\w+) =/m.exec(statement)?.[1] ?? "");
  return statementsOf(scope).filter((statement) => !own(statement)).join("\n");
}

/** Statements of a block: each begins at the left margin. */
function statementsOf(code: string): string[] {
  return code.split(/\n(?=[^\s})\]])/).map((statement) => statement.trimEnd()).filter((one) => one !== "");
}

/** Declarations stay at the top; with a `builder` the rest is a topology. */
function inTopology(code: string): string {
  if (!/\bbuilder\b/.test(code)) return code;
  const declares = /^(?:\/\/[^\n]*\n|\/\*[\s\S]*?\*\/\n)*(?:export |interface |type |function )/;
  const isSink = /^(?:\/\/[^\n]*\n)*const \w+ = (?:clickhouse|clickhouseAppend|topic|debezium|events|startOf)\(/;
  const statements = statementsOf(code);
  const top = statements.filter((statement) => declares.test(statement) || isSink.test(statement));
  const rest = statements.filter((statement) => !top.includes(statement)).join("\n");
  const names = [...rest.matchAll(/^const (?:(\w+)|\{([^}]*)\}) =/gm)].map(([, name, parts]) => name ?? parts);
  const body = `${rest}\nvoid [${names.join(", ")}];`.replaceAll(/^(?=.)/gm, "  ");
  const imports = `import { topology as pageTopology } from "${ROOT}src/mod.ts";`;
  return `${imports}\n${top.join("\n")}\nexport default pageTopology("page", (builder) => {\n${body}\n});\n`;
}

/** What is declared at the top is exported, and what is imported is used: pages may show more than they use. */
function usingAll(code: string): string {
  const imported = [...code.matchAll(/^import \{([^}]*)\} from/gm)].flatMap(([, names]) => names.split(","));
  const values = imported.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "));
  const locals = values.map((name) => name.split(" as ").at(-1));
  return `${code.replaceAll(/^(const|function|interface|type) /gm, "export $1 ")}\nvoid [${locals.join(", ")}];\n`;
}
