import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

/** A name in code, with the file that was named last before it. */
interface Mention {
  readonly file: string;
  readonly name: string;
}

/** What the numbered lists of a text say in code: a file, then names in it. */
function mentionsIn(text: string): Mention[] {
  const mentions: Mention[] = [];
  for (const item of text.match(/^\d+\. (?:.|\n(?! *\n|\d+\. |```))*/gm) ?? []) {
    let file = "";
    for (const [, code] of item.matchAll(/`([^`]+)`/g)) {
      if (code.endsWith(".ts")) file = code;
      else if (/^[\w.#]+$/.test(code)) mentions.push({ file, name: code });
    }
  }
  return mentions;
}

/** Whether a file declares `name`, or a class `Owner` with the member of `Owner.member`. */
function declares(text: string, name: string): boolean {
  const [owner, member] = name.split(".");
  const declared = new RegExp(
    `^(?:export )?(?:abstract )?(?:async )?(?:function\\*?|class|interface|const|type) ${owner}\\b`,
    "m",
  )
    .exec(text);
  if (declared === null || member === undefined) return declared !== null;
  const body = text.slice(declared.index);
  const end = body.indexOf("\n}");
  return new RegExp(`^  (?:async )?\\*?${member}\\(`, "m").test(body.slice(0, end));
}

async function sectionOf(title: string): Promise<string> {
  const design = await Deno.readTextFile(`${SRC}DESIGN.md`);
  const section = design.split(/^## /m).find((candidate) => candidate.startsWith(`${title}\n`));
  assert(section !== undefined, `DESIGN.md has no section "${title}"`);
  return section;
}

Deno.test("DESIGN.md: what the life of a change names is in the file named", async () => {
  const mentions = mentionsIn(await sectionOf("Life of a change"));
  const missing: string[] = [];
  for (const { file, name } of mentions) {
    const text = file === "" ? "" : await Deno.readTextFile(`${SRC}${file}`).catch(() => "");
    if (!declares(text, name)) missing.push(`${file}: ${name}`);
  }
  assertEquals(missing, []);
  assert(mentions.length >= 30, "the section was read");
});

Deno.test("DESIGN.md: the life of a change fits on a screen", async () => {
  const lines = (await sectionOf("Life of a change")).trimEnd().split("\n").length;
  assert(lines <= 50, `${lines} lines`);
});

Deno.test("mentionsIn() and declares() find what is named where it is not", () => {
  const text =
    "Before `a.ts`: `no`.\n\n1. `b.ts`: `Class.method` and `name`\n   (`c.ts`: `other`).\n2. `a b`\n\nAfter `x`.";
  assertEquals(mentionsIn(text), [
    { file: "b.ts", name: "Class.method" },
    { file: "b.ts", name: "name" },
    { file: "c.ts", name: "other" },
  ]);
  const code =
    "export class A {\n  async #run(): void {\n  }\n}\n\nclass B {\n  take(): void {\n  }\n}\nfunction f() {\n}\n";
  for (const name of ["A", "A.#run", "B.take", "f"]) assert(declares(code, name), name);
  for (const name of ["C", "A.take", "A.run", "B.#run", "take", "f.take"]) assert(!declares(code, name), name);
});
