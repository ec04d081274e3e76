import type { ColumnDifference, Difference } from "./compare_sources.ts";
import {
  broken,
  columnLines,
  declarationText,
  exportName,
  importText,
  type Libraries,
  moduleImport,
  usedNames,
} from "./source_text.ts";
import type { SourceFile } from "./source_file.ts";
import type { Edit } from "./unified_diff.ts";

/** Comments may stand before it. */
const COMMA_NEXT = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*,/;

/**
 * What takes these differences into the file. Everything else stays as it is, to the letter. `libraries`: what a file
 * that has no import of Weir yet imports it as.
 */
export function editsOf(
  file: SourceFile,
  { differences, libraries }: { readonly differences: readonly Difference[]; readonly libraries: Libraries },
): readonly Edit[] {
  const edits: Edit[] = [];
  const added: string[] = [];
  const taken = new Set(file.exports);
  for (const difference of differences) {
    if (difference.kind === "new table") {
      const name = exportName(difference.table, taken);
      taken.add(name);
      added.push(declarationText(difference.table, name));
    } else if (difference.kind !== "told") edits.push(columnEdit(file, difference));
  }
  const names = usedNames([...edits.map(({ text }) => text), ...added].join("\n"));
  edits.push(
    ...importEdits(file.text, { names: names.filter((name) => name === "z"), from: /^zod$/, absent: "zod" }),
    ...importEdits(file.text, {
      names: [...names.filter((name) => name !== "z" && name !== "mysql"), ...added.length > 0 ? ["debezium"] : []],
      from: /^@weir\/weir$|\/src\/mod\.ts$/,
      absent: libraries.mod,
    }),
    ...names.includes("mysql") && !/^import \* as mysql from /m.test(file.text)
      ? [{ start: 0, end: 0, text: `${moduleImport("mysql", libraries.mysql)}\n` }]
      : [],
  );
  const end = file.text.replace(/\n*$/, "").length;
  return [...edits, { start: end, end: file.text.length, text: ["\n", ...added].join(added.length > 0 ? "\n" : "") }];
}

function columnEdit(file: SourceFile, { kind, table, column }: ColumnDifference): Edit {
  const { columns, rowEnd } = file.declarations.get(table.topic)!;
  if (kind === "changed column") {
    const { start, end, name } = columns.find(({ name }) => name === column.name)!;
    return { start, end, text: broken(column.expression, name) };
  }
  // Before the line of the closing bracket, behind the comments that stand there.
  const lineStart = file.text.lastIndexOf("\n", rowEnd) + 1;
  const own = file.text.slice(lineStart, rowEnd).trim() === "";
  const lines = columnLines(column).join("\n");
  const last = columns.at(-1);
  const comma = last === undefined || COMMA_NEXT.test(file.text.slice(last.end)) ? "" : ",";
  return own && comma === ""
    ? { start: lineStart, end: lineStart, text: `${lines}\n` }
    : { start: rowEnd, end: rowEnd, text: `${comma}\n${lines}\n  ` };
}

interface Needed {
  readonly names: readonly string[];
  readonly from: RegExp;
  /** The module, if none of these is imported. */
  readonly absent: string;
}

function importEdits(text: string, { names, from, absent }: Needed): Edit[] {
  const imports = [...text.matchAll(/^import \{(?<list>[^}]*)\} from "(?<module>[^"]+)";/gm)];
  const found = imports.find(({ groups }) => from.test(groups!.module));
  const there = new Set(
    (found?.groups?.list ?? "").split(",").map((name) => name.trim()).filter((name) => name !== ""),
  );
  const missing = [...new Set(names)].filter((name) => !there.has(name));
  if (missing.length === 0) return [];
  if (found === undefined) return [{ start: 0, end: 0, text: `${importText(missing.sort(), absent)}\n` }];
  const all = [...there, ...missing].sort((a, b) => a.toLowerCase() < b.toLowerCase() ? -1 : 1);
  return [{ start: found.index, end: found.index + found[0].length, text: importText(all, found.groups!.module) }];
}
