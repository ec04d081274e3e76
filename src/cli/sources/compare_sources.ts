import type { Baseline } from "./baseline.ts";
import type { Pulled, PulledColumn, PulledTable } from "./pulled_table.ts";
import { type Declaration, plainExpression, type SourceFile } from "./source_file.ts";

/** A column that the file lacks, or has otherwise. */
export interface ColumnDifference {
  readonly kind: "new column" | "changed column";
  readonly safe: boolean;
  readonly table: PulledTable;
  readonly column: PulledColumn;
  readonly text: string;
}

/** What the file lacks, or has otherwise. `safe`: writing it takes back nothing that somebody has written by hand. */
export type Difference =
  | { readonly kind: "new table"; readonly safe: true; readonly table: PulledTable; readonly text: string }
  | ColumnDifference
  | { readonly kind: "told"; readonly safe: false; readonly text: string };

/** What was found, and what was left as a person has it. */
export interface Comparison {
  readonly differences: readonly Difference[];
  /** What differs because somebody has written it so: not to be changed. */
  readonly kept: readonly string[];
}

/**
 * Compares a file with what was pulled now, knowing what was pulled last: a column that the file has as it was pulled
 * last follows the database; one that the file has otherwise was written by hand, and stays.
 */
export function compareSources(
  file: SourceFile,
  { pulled, baseline }: { readonly pulled: Pulled; readonly baseline: Baseline },
): Comparison {
  const differences: Difference[] = [];
  const kept: string[] = [];
  for (const table of pulled.tables) {
    const declaration = file.declarations.get(table.topic);
    const last = baseline[table.topic];
    if (declaration !== undefined) {
      const found = compareTable(declaration, { table, last });
      differences.push(...found.differences);
      kept.push(...found.kept);
    } else if (file.topics.has(table.topic)) {
      kept.push(`${table.title}: is declared in a way that is not read from here, and was not compared`);
    } else if (last !== undefined) kept.push(`${table.title}: was taken out by hand`);
    else {
      const text = `${table.title}: new table of ${table.columns.length} columns`;
      differences.push({ kind: "new table", safe: true, table, text });
    }
  }
  const found = new Set(pulled.tables.map(({ topic }) => topic));
  for (const topic of pulled.whole ? file.topics : []) {
    if (!found.has(topic)) kept.push(`${topic}: is declared, and is not among the tables of ${pulled.from}`);
  }
  return { differences, kept };
}

interface Pair {
  readonly table: PulledTable;
  /** What was pulled last of it. */
  readonly last: Readonly<Record<string, string>> | undefined;
}

function compareTable(declaration: Declaration, { table, last }: Pair): Comparison {
  const differences: Difference[] = [];
  const kept: string[] = [];
  const told = (text: string) => differences.push({ kind: "told", safe: false, text: `${table.title}: ${text}` });
  const keys = [declaration.key, table.key].map((key) => key.join(", "));
  if (keys[0] !== keys[1]) {
    told(
      `its key is now (${keys[1]}), declared is (${
        keys[0]
      }): change it by hand, and start with WEIR_GENERATION one higher`,
    );
  }
  const registry = table.registry === undefined ? null : JSON.stringify(table.registry);
  if (declaration.registry !== registry) {
    const is = (text: string | null) => text === null ? "no registry" : `registry: ${text}`;
    told(`its records are written with ${is(registry)}, declared is ${is(declaration.registry)}: change it by hand`);
  }
  for (const column of table.columns) {
    const { name, expression } = column;
    const declared = declaration.columns.find((other) => other.name === name);
    const place = `${table.title}.${name}`;
    if (declared === undefined) {
      if (declaration.leftOut.has(name)) continue;
      if (last !== undefined && Object.hasOwn(last, name)) {
        kept.push(`${place}: was taken out by hand`);
        continue;
      }
      const by = last === undefined ? ` (the file was not pulled: add it by hand, or "// ${name}: not used")` : "";
      const text = `${place}: new column, ${expression}${by}`;
      differences.push({ kind: "new column", safe: last !== undefined, table, column, text });
      continue;
    }
    if (plainExpression(declared.expression) === plainExpression(expression)) continue;
    const before = last?.[name];
    if (before !== undefined && plainExpression(before) === plainExpression(expression)) {
      kept.push(`${place}: ${plainText(declared.expression)} by hand, the database has ${expression}`);
      continue;
    }
    const safe = before !== undefined && plainExpression(before) === plainExpression(declared.expression);
    const by = safe ? "" : " (declared by hand: change it by hand)";
    const text = `${place}: now ${expression}, declared is ${plainText(declared.expression)}${by}`;
    differences.push({ kind: "changed column", safe, table, column, text });
  }
  const names = new Set(table.columns.map(({ name }) => name));
  for (const { name } of declaration.columns) {
    if (names.has(name)) continue;
    const why = table.leftOut.find((column) => column.name === name)?.why ?? "the database has no such column any more";
    told(`column "${name}" is declared, but ${why}: records without it become dead letters. Take it out by hand`);
  }
  return { differences, kept };
}

function plainText(expression: string): string {
  return expression.replaceAll(/\s+/g, " ");
}
