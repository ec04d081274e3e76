import { LIBRARY } from "../../record/library.ts";
import compose from "./template/compose.yaml.txt" with { type: "text" };
import dockerfile from "./template/dockerfile.txt" with { type: "text" };
import dockerignore from "./template/dockerignore.txt" with { type: "text" };
import gitignore from "./template/gitignore.txt" with { type: "text" };
import fromRegistry from "./template/install_registry.txt" with { type: "text" };
import fromTarball from "./template/install_tarball.txt" with { type: "text" };
import readme from "./template/readme.md.txt" with { type: "text" };
import sales from "./template/sales.ts.txt" with { type: "text" };
import salesTest from "./template/sales_test.ts.txt" with { type: "text" };
import sources from "./template/sources.ts.txt" with { type: "text" };
import vscode from "./template/vscode.json.txt" with { type: "text" };

/** What a project is made with. */
export interface ProjectOptions {
  readonly name: string;
  /** What `@weir/weir` stands for in the project: `npm:...`, `jsr:...`, or {@link TARBALL}. */
  readonly library: string;
  /** Version of chdb that embedded mode needs. */
  readonly chdb: string;
}

/** A tarball in the project's folder: what an image is made of must be there. */
export const TARBALL = "file:weir.tgz";

/** Commands that are tasks of the project, beside `start` and `test`. */
const COMMANDS = [
  "verify",
  "prove",
  "explain",
  "describe",
  "query",
  "store",
  "dlq",
  "produce",
  "cleanup",
  "sources",
  "doctor",
  "new",
];
/** Objects live long here: the young generation is made large, so that they are copied less often. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=64,--min-semi-space-size=64";
/** Variables of glibc, by which it gives memory back that is free; elsewhere they say nothing. */
const MALLOC = "MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=1048576";

/** Texts of a new project's files, by path. */
export function projectFiles(options: ProjectOptions): ReadonlyMap<string, string> {
  const named = (text: string) => text.replaceAll("{{name}}", options.name);
  const dependencies = { [LIBRARY.name]: options.library, chdb: `npm:chdb@${options.chdb}`, zod: "npm:zod@^4" };
  // Deno installs what registries have, and npm a tarball, too, for which it reads a package.json.
  const packed = options.library === TARBALL;
  const program = packed ? `npm:${LIBRARY.name}/cli` : `${LIBRARY.name}/cli`;
  // As a function: what is put in has dollar signs.
  const image = dockerfile.replace("{{install}}", () => packed ? fromTarball : fromRegistry)
    .replace("{{program}}", program);
  return new Map([
    [
      "deno.json",
      packed
        ? json({ nodeModulesDir: "manual", ...settings(program) })
        : json({ ...installedByDeno(dependencies), ...settings(program) }),
    ],
    ...packed ? [["package.json", json(installedByNpm(dependencies))] as const] : [],
    ["sources.ts", sources],
    ["topologies/sales.ts", sales],
    ["tests/sales_test.ts", salesTest],
    ["README.md", named(readme).replace("{{packages}}", packed ? "package.json" : "deno.json")],
    ["Dockerfile", image],
    [".dockerignore", dockerignore],
    ["compose.yaml", named(compose)],
    [".gitignore", gitignore],
    [".vscode/settings.json", vscode],
  ]);
}

/** `program`: what `deno run` runs as Weir's command line. */
function settings(program: string): object {
  return {
    unstable: ["no-legacy-abort"],
    compilerOptions: { strict: true, noImplicitOverride: true, noUnusedLocals: true },
    fmt: { lineWidth: 120 },
    tasks: {
      start: `${MALLOC} deno run -A ${V8_FLAGS} ${program} start`,
      dev: `${MALLOC} deno run -A ${V8_FLAGS} ${program} dev`,
      test: "deno test -A tests",
      ...Object.fromEntries(COMMANDS.map((name) => [name, `deno run -A ${program} ${name}`])),
    },
  };
}

function installedByDeno(imports: Readonly<Record<string, string>>): object {
  return { nodeModulesDir: "auto", imports, allowScripts: { deny: ["npm:chdb"] } };
}

/** `npm:chdb@3.4.0` as `3.4.0`. */
function installedByNpm(imports: Readonly<Record<string, string>>): unknown {
  const versions = Object.entries(imports).map(([name, from]) => [name, from.replace(`npm:${name}@`, "")]);
  // Declarations of dependencies name those of Node; Deno brings them along, and npm does not.
  const devDependencies = { "@types/node": "^24" };
  return { private: true, type: "module", dependencies: Object.fromEntries(versions), devDependencies };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
