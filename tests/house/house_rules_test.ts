import { assertEquals } from "@std/assert";
import { problemsOf } from "./compare.ts";
import { type Rule, violationsOf } from "./rules.ts";
import { readFacts } from "./source_facts.ts";

/** Rule and name of each violation in files given as path and text; every file is in the role map. */
function found(files: Readonly<Record<string, string>>): string[] {
  const facts = Object.entries(files).map(([path, text]) => readFacts(path, text));
  const inSrc = facts.map(({ path }) => path).filter((path) => path.startsWith("src/"));
  const roleMap = inSrc.map((path) => `| \`${path.slice("src/".length)}\` | a role |`).join("\n");
  return violationsOf(facts, roleMap).map(({ rule, name }) => `${rule}: ${name}`);
}

/** As {@link found}, of one file that nobody imports: dead exports are left out. */
function foundIn(text: string): string[] {
  return found({ "src/a.ts": text }).filter((violation) => !violation.startsWith("export"));
}

const lines = (count: number) => "// a line\n".repeat(count);
const columns = (count: number) => `// ${"x".repeat(count - 3)}\n`;

const CASES: readonly { readonly rule: Rule; readonly bad: Record<string, string>; readonly good: string[] }[] = [
  {
    rule: "file",
    bad: { [lines(301)]: "src/a.ts" },
    good: [lines(300), `${lines(300)}\n\n`],
  },
  {
    rule: "line",
    bad: { [columns(121)]: "src/a.ts", [`const a = "${"é".repeat(120)}";`]: "src/a.ts" },
    good: [columns(120), `// ${"😀".repeat(117)}`],
  },
  {
    rule: "function",
    bad: {
      [`function f() {\n${lines(69)}}`]: "src/a.ts f",
      [`class A {\n  #m() {\n${lines(69)}}\n}`]: "src/a.ts A.#m",
      [`const f = () => {\n${lines(69)}};`]: "src/a.ts f",
      [`Deno.test("a", () => {\n${lines(69)}});`]: `src/a.ts callback of test "a"`,
    },
    good: [`function f() {\n${lines(68)}}`, `interface A {\n${lines(90)}}`],
  },
  {
    rule: "parameters",
    bad: {
      "function f(a: number, b: number, c: number) {}": "src/a.ts f",
      "class A { constructor(a: number, b: number, c: number) {} }": "src/a.ts A.constructor",
      "class A { m(a: number, b: number, c = 3) {} }": "src/a.ts A.m",
      "interface A { m(a: number, b: number, c: number): void }": "src/a.ts A.m",
      "interface A { m: (a: number, b: number, c: number) => void }": "src/a.ts A.m",
      "type F = (a: number, b: number, c: number) => void;": "src/a.ts F",
      "const f = (a: number, b: number, ...rest: number[]) => {};": "src/a.ts f",
      "function f(a: number, b: number, c: number, options: { d: number }) {}": "src/a.ts f",
      "function f(a: number, b: number, c: Decimal) {}": "src/a.ts f",
    },
    good: [
      "function f(a: number, b: number, options: { c: number }) {}",
      "function f(a: number, b: number, { c }: C) {}",
      "function f(a: number, b: number, options: Readonly<{ c: number }> = {}) {}",
      "function f(a: number, b: number, options?: AnyOptions) {}",
      "function f(a: number, b: number, then: (c: number) => void) {}",
      "type Then = (a: number) => void; function f(a: number, b: number, then: Then) {}",
      "function f(this: Window, a: number, b: number) {}",
      "items.reduce((sum, item, index) => sum + index, 0);",
    ],
  },
  {
    rule: "place",
    bad: {
      "const here = import.meta.url;": "src/a.ts",
      "if (a) {\n  f(1, import.meta.dirname); // why\n}": "src/a.ts",
      "f(import.meta.filename);": "src/a.ts",
    },
    good: [
      "if (import.meta.main) main();",
      "/** `import.meta.url` of it. */\n/**\n * import.meta.url\n */\n// import.meta.url",
    ],
  },
  {
    rule: "boolean",
    bad: {
      "function f(a: boolean) {}": "src/a.ts f",
      "function f(a?: boolean | null) {}": "src/a.ts f",
      "function f(a = false) {}": "src/a.ts f",
      "class A { constructor(readonly a: boolean) {} }": "src/a.ts A.constructor",
      "interface A { m(a: true): void }": "src/a.ts A.m",
    },
    good: [
      "function f(a: { b: boolean }) {}",
      "function f(a: boolean | string) {}",
      "function f(): boolean { return true; }",
      "class A { #a = true; }",
    ],
  },
  {
    rule: "error",
    bad: {
      'function f() { throw new Error("a"); }': "src/a.ts f",
      'throw Error("a");': "src/a.ts (file)",
    },
    good: ['throw new TypeError("a");', "function f(error: Error) { return error instanceof Error; }"],
  },
];

for (const { rule, bad, good } of CASES) {
  Deno.test(`violationsOf() finds what breaks the rule "${rule}", and nothing else`, () => {
    for (const [text, name] of Object.entries(bad)) assertEquals(foundIn(text), [`${rule}: ${name}`], text);
    for (const text of good) assertEquals(foundIn(text), [], text);
  });
}

Deno.test("violationsOf() judges a method where an interface asks for it, not where it is implemented", () => {
  const asked = "interface Log { seek(a: number, b: number, c: number): void }";
  const made = "class A implements Log { seek(a: number, b: number, c: number) {} } const log = { seek(a, b, c) {} };";
  assertEquals(foundIn(`${asked}\n${made}`), ["parameters: src/a.ts Log.seek"]);
  assertEquals(foundIn(made), ["parameters: src/a.ts A.seek", "parameters: src/a.ts seek"]);
});

Deno.test("violationsOf() lets tests throw an Error, as somebody else's code does", () => {
  assertEquals(found({ "tests/a_test.ts": 'throw new Error("a");' }), []);
});

Deno.test("violationsOf() finds exports that no other file imports", () => {
  const dead = "export const used = 1; export const dead = 2; dead;";
  assertEquals(found({ "src/a.ts": dead, "src/b.ts": 'import { used } from "./a.ts";' }), ["export: src/a.ts dead"]);
  for (
    const user of [
      'import { used, dead as alive } from "../src/a.ts";',
      'import * as all from "../src/a.ts";',
      'export { used, dead as alive } from "../src/a.ts";',
      'const all = await import("../src/a.ts");',
    ]
  ) assertEquals(found({ "src/a.ts": dead, "tests/b.ts": user }).filter((name) => name.includes("src/a.ts")), [], user);
  assertEquals(found({ "src/a.ts": "export default 1;" }), [], "a topology is found by its file's name");
  assertEquals(found({ "src/mod.ts": dead }), [], "the door is for those outside");
});

Deno.test("violationsOf() takes a type for used that the shape of another export mentions", () => {
  const user = 'import { make } from "./a.ts";';
  const shape = "export interface Options { a: number } export function make(options: Options) {}";
  const inside = "export interface Options { a: number } export function make() { const a: Options = { a: 1 }; }";
  assertEquals(found({ "src/a.ts": shape, "src/b.ts": user }), []);
  assertEquals(found({ "src/a.ts": inside, "src/b.ts": user }), ["export: src/a.ts Options"]);
});

Deno.test("violationsOf() finds files of src that the role map does not name, and names without a file", () => {
  const facts = ["src/a.ts", "src/room/a.ts", "tests/b.ts"].map((path) => readFacts(path, ""));
  const roleMap = "| file | role |\n| --- | --- |\n| `a.ts` | one |\n| `gone.ts` | two: `room/a.ts` |\n";
  const found = violationsOf(facts, roleMap).map(({ rule, name }) => `${rule}: ${name}`);
  assertEquals(found, ["role: src/room/a.ts", "role: src/gone.ts"]);
});

Deno.test("problemsOf() names what no exception allows, and every exception that nothing needs", () => {
  const violation = { rule: "boolean", name: "src/a.ts f", detail: "no" } as const;
  const listed = (names: string[]) => ({ boolean: [{ reason: "the interface is somebody else's", names }] });
  assertEquals(problemsOf([violation], {}), ["boolean: src/a.ts f: no"]);
  assertEquals(problemsOf([violation], listed(["src/a.ts f"])), []);
  assertEquals(problemsOf([violation, violation], listed(["src/a.ts f"])), ["boolean: src/a.ts f: no"]);
  assertEquals(problemsOf([violation, violation], listed(["src/a.ts f", "src/a.ts f"])), []);
  const unneeded = "boolean: src/a.ts f: the exception is needed 1 times less: remove it from the list";
  assertEquals(problemsOf([violation], listed(["src/a.ts f", "src/a.ts f"])), [unneeded]);
  assertEquals(problemsOf([], listed(["src/a.ts f"])), [unneeded]);
});
