import { join } from "node:path/posix";
import { isThere } from "../../grafana/support.ts";
import type { Page } from "./pages.ts";

/** A link of a page into the project. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** Text without what is code: links in code are none. */
function withoutCode(text: string): string {
  const blank = (code: string) => code.replaceAll(/[^\n]/g, " ");
  return text.replaceAll(/^( *)(`{3,})[^\n]*\n[\s\S]*?^ *\2$/gm, blank).replaceAll(/`[^`\n]+`/g, (code) => {
    return "`" + "x".repeat(code.length - 2) + "`";
  });
}

/** Links and pictures of a page that lead into the project, not to an address. */
export function linksOf(text: string): Link[] {
  const plain = withoutCode(text);
  const found = [...plain.matchAll(/\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)$|\b(?:src|srcset|href)="([^"]+)"/gm)];
  return found
    .map(({ 1: inline, 2: reference, 3: html, index }) => ({
      target: inline ?? reference ?? html,
      line: plain.slice(0, index).split("\n").length,
    }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** Names that GitHub gives to a page's headings. */
export function anchorsOf(text: string): string[] {
  const counts = new Map<string, number>();
  const headings = [...text.replaceAll(/^ *(`{3,})[\s\S]*?^ *\1$/gm, "").matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, heading]) => {
    const title = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim().toLowerCase();
    const slug = title.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** What is wrong with a page's links, as sentences. */
export function linkProblems(page: Page, pages: readonly Page[]): string[] {
  return linksOf(page.text).flatMap(({ target, line }) => {
    const [path, anchor] = target.split("#");
    const file = path === "" ? page.path : join(page.path, "..", path).replace(/\/$/, "");
    const at = `${page.path}:${line}: ${target}`;
    if (!isThere(file)) return [`${at}: there is no such file`];
    if (anchor === undefined) return [];
    const there = pages.find((one) => one.path === file);
    if (there === undefined) return /^L\d+$/.test(anchor) ? [] : [`${at}: ${file} is no page that has headings`];
    return anchorsOf(there.text).includes(anchor) ? [] : [`${at}: ${file} has no such heading`];
  });
}
