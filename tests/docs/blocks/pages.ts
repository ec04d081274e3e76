import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The page whose blocks are tests. */
export const TESTS_PAGE = "docs/testing.md";

/** Folders whose Markdown is read by people who use or change Weir. */
const FOLDERS = ["docs", "examples", "src", "compose", "tests"];
const SKIPPED = new Set(["node_modules", "secrets", "assets"]);

/** A fenced block of code of a page. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** What stands behind the fence; empty if nothing does. */
  readonly language: string;
  /** The code, without the indentation of its fence. */
  readonly code: string;
  /** What the comment `<!-- block: ... -->` above it says; null without one. */
  readonly marker: string | null;
}

/** A Markdown file. */
export interface Page {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** All Markdown of the project. */
export function readPages(): Page[] {
  const top = [...Deno.readDirSync(ROOT)].filter(({ name }) => name.endsWith(".md")).map(({ name }) => name);
  const paths = [...top, ...FOLDERS.flatMap((folder) => [...markdownIn(folder)])].sort();
  return paths.map((path) => {
    const text = Deno.readTextFileSync(`${ROOT}${path}`);
    return { path, text, blocks: blocksOf(path, text) };
  });
}

function* markdownIn(folder: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(`${ROOT}${folder}`)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    if (isDirectory && !SKIPPED.has(name)) yield* markdownIn(`${folder}/${name}`);
    else if (name.endsWith(".md")) yield `${folder}/${name}`;
  }
}

/** The fenced blocks of a page, in their order. @throws Error for one that is not closed */
export function blocksOf(page: string, text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [opening, indent, fence, language] = /^( *)(`{3,})(\S*)/.exec(lines[at]) ?? [];
    if (opening === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    if (end < 0) throw new Error(`${page}:${at + 1}: the block is not closed`);
    const code = lines.slice(at + 1, end).map((line) => line.startsWith(indent) ? line.slice(indent.length) : line);
    blocks.push({ page, line: at + 1, language, code: `${code.join("\n")}\n`, marker: markerAbove(lines, at) });
    at = end;
  }
  return blocks;
}

/** What a comment directly above says, a blank line between them or none. */
function markerAbove(lines: readonly string[], at: number): string | null {
  const above = lines.slice(Math.max(0, at - 2), at).map((line) => line.trim()).filter((line) => line !== "");
  return /^<!-- block: (.*) -->$/.exec(above.at(-1) ?? "")?.[1] ?? null;
}

/** Where a block is, as messages name it. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}
