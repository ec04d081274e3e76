import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const read = (path: string): Promise<string> => Deno.readTextFile(`${ROOT}${path}`);

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(`${ROOT}${path}`).then(() => true, () => false);
}

/** Paths that a text names in code: from the project's root, or rooms of `src/`. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`([\w./-]*\/[\w./-]*)`/g)].map(([, path]) => path);
}

/** Names that a text says are in a file: "`file.ts`, `name`" or "`name` in `file.ts`". */
function namesIn(text: string): { readonly file: string; readonly name: string }[] {
  const flat = text.replace(/\s+/g, " ");
  return [
    ...[...flat.matchAll(/`([\w/.]+\.ts)`, `(\w+)`/g)].map(([, file, name]) => ({ file, name })),
    ...[...flat.matchAll(/`(\w+)` in `([\w/.]+\.ts)`/g)].map(([, name, file]) => ({ file, name })),
  ];
}

Deno.test("CONTRIBUTING.md names files, and things in them, that are there", async () => {
  const text = await read("CONTRIBUTING.md");
  const missing: string[] = [];
  const paths = pathsIn(text);
  for (const path of paths) if (!await exists(path) && !await exists(`src/${path}`)) missing.push(path);
  const names = namesIn(text);
  for (const { file, name } of names) {
    if (!new RegExp(`\\b${name}\\b`).test(await read(file).catch(() => ""))) missing.push(`${name} in ${file}`);
  }
  assertEquals(missing, []);
  assert(paths.length > 30 && names.length >= 5, `${paths.length} paths and ${names.length} names were read`);
});

Deno.test("pathsIn() and namesIn() read what is code alone", () => {
  const text = "See `a/b.ts`, `f`; `g`\nin `c/d.ts`; `tests/<folder>` and `e.ts` and x/y.ts.";
  assertEquals(pathsIn(text), ["a/b.ts", "c/d.ts"]);
  assertEquals(namesIn(text), [{ file: "a/b.ts", name: "f" }, { file: "c/d.ts", name: "g" }]);
});

Deno.test("CONTRIBUTING.md and README.md name tasks of deno.json", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  for (const file of ["CONTRIBUTING.md", "README.md"]) {
    const named = [...(await read(file)).matchAll(/deno task ([\w:]+)/g)].map(([, task]) => task);
    assertEquals(named.filter((task) => tasks[task] === undefined), [], file);
    assert(named.length > 5, file);
  }
});

Deno.test("deno.json has the version of the newest release in CHANGELOG.md", async () => {
  const [, newest] = /^## \[(\d+\.\d+\.\d+)\]/m.exec(await read("CHANGELOG.md"))!;
  assertEquals(JSON.parse(await read("deno.json")).version, newest);
});

Deno.test("the editor's settings turn Deno on, and git keeps them", async () => {
  assertEquals(JSON.parse(await read(".vscode/extensions.json")).recommendations, ["denoland.vscode-deno"]);
  assertEquals(JSON.parse(await read(".vscode/settings.json"))["deno.enable"], true);
  const ignored = (await read(".gitignore")).split("\n");
  assertEquals(ignored.filter((line) => /^\/?\.(vscode|editorconfig)|^\.\*/.test(line)), []);
});

Deno.test(".editorconfig and deno fmt agree on the length of a line", async () => {
  const [, length] = /^max_line_length = (\d+)$/m.exec(await read(".editorconfig"))!;
  assertEquals(Number(length), JSON.parse(await read("deno.json")).fmt.lineWidth);
});
