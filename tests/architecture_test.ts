import { assert, assertEquals } from "@std/assert";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";

interface Room {
  /** Rooms from which it imports. */
  readonly code: string;
  /** Rooms of which it imports types alone. */
  readonly types?: string;
}

const ADAPTERS =
  "adapters/kafka adapters/kafka/protocol adapters/kafka/group adapters/clickhouse adapters/embedded_log " +
  "adapters/embedded_clickhouse adapters/local adapters/assignment adapters/topic_letters " +
  "adapters/schema_registry";

/** Words that the rooms of the runtime have in common, in `src/runtime` beside its door. */
const TERMS = [
  "options.ts",
  "ports.ts",
  "problems.ts",
  "run_event.ts",
  "metric_names.ts",
  "busy_tables.ts",
  "topic_problems.ts",
];

/**
 * Data falls one way: declare, compile, run, ports. The runtime imports formats (it decodes) and the types of dsl (a
 * topology is what it runs); plan imports the types of ports (a sink's table is described in the warehouse's terms);
 * processor imports the types of dsl.
 */
const ROOMS: Readonly<Record<string, Room>> = {
  "record": { code: "" },
  "formats": { code: "record" },
  "dsl": { code: "record formats" },
  "plan": { code: "record dsl", types: "ports" },
  "state": { code: "record" },
  "processor": { code: "record plan state", types: "dsl" },
  "ports": { code: "record" },
  "runtime": {
    code: "record ports runtime/terms runtime/lifecycle runtime/streams runtime/stores runtime/explain " +
      "runtime/globals runtime/delivery runtime/replays",
    types: "dsl",
  },
  "runtime/replays": {
    code: "record formats plan state ports runtime/lifecycle runtime/globals",
    types: "runtime/task",
  },
  "runtime/terms": { code: "ports" },
  "runtime/lifecycle": {
    code: "record formats plan state ports runtime/terms runtime/task runtime/conversation runtime/outputs " +
      "runtime/globals runtime/delivery",
    types: "dsl processor",
  },
  "runtime/streams": {
    code: "record formats plan processor ports runtime/terms runtime/lifecycle runtime/delivery",
    types: "dsl",
  },
  "runtime/stores": {
    code: "record plan state processor ports runtime/task",
    types: "dsl runtime/lifecycle",
  },
  "runtime/explain": {
    code: "record plan state processor ports runtime/task runtime/outputs runtime/globals runtime/stores " +
      "runtime/streams",
    types: "dsl formats runtime/lifecycle",
  },
  "runtime/task": {
    code: "record formats plan state processor ports runtime/conversation runtime/outputs runtime/globals",
    types: "runtime/terms runtime/delivery",
  },
  "runtime/conversation": { code: "record plan state processor ports", types: "runtime/outputs" },
  "runtime/outputs": { code: "record plan state processor ports", types: "runtime/delivery dsl" },
  "runtime/globals": { code: "record formats plan state processor ports" },
  "runtime/delivery": { code: "record plan ports", types: "runtime/terms" },
  "adapters/kafka": { code: "record ports adapters/local adapters/kafka/protocol adapters/kafka/group" },
  "adapters/kafka/group": {
    code: "record ports adapters/local adapters/kafka/protocol adapters/assignment",
    types: "adapters/kafka",
  },
  "adapters/kafka/protocol": { code: "record ports" },
  "adapters/clickhouse": { code: "record ports" },
  "adapters/embedded_log": { code: "record ports adapters/local adapters/assignment" },
  "adapters/embedded_clickhouse": { code: "record ports adapters/local" },
  "adapters/assignment": { code: "" },
  "adapters/local": { code: "record ports" },
  "adapters/topic_letters": { code: "record ports adapters/local" },
  "adapters/schema_registry": { code: "record ports" },
  "demo": { code: "record formats ports" },
  "oracle": { code: "record", types: "dsl" },
  "testing": {
    code: `record formats dsl plan state processor ports runtime runtime/terms runtime/stores ` +
      `runtime/explain demo ${ADAPTERS}`,
  },
  "cli": {
    code: "record formats dsl plan state processor ports runtime runtime/terms runtime/stores runtime/explain " +
      "runtime/replays demo oracle testing " + ADAPTERS,
  },
  "mod.ts": { code: "dsl formats record" },
  "mysql.ts": { code: "formats record" },
  "oracle_database.ts": { code: "formats record" },
  "sqlserver.ts": { code: "formats record" },
  "main.ts": { code: "cli" },
  "create.ts": { code: "cli" },
  "produce.ts": { code: "cli" },
};

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

interface Import {
  readonly specifier: string;
  readonly types: boolean;
}

interface File {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

async function* filesOf(folder: string): AsyncGenerator<File> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && entry.name !== "node_modules") yield* filesOf(path);
    else if (/\.tsx?$/.test(entry.name)) {
      const text = await Deno.readTextFile(join(ROOT, path));
      yield { path, text, imports: importsOf(text) };
    }
  }
}

/** Static, type, re-export, side effect and dynamic imports, also `import("...")` in a type. */
function importsOf(text: string): Import[] {
  const imports: Import[] = [];
  for (const [, names, specifier] of text.matchAll(/^(?:import|export)\b([^;"'`]*?)\bfrom\s*"([^"]+)"/gm)) {
    const listed = /\{([^}]*)\}/.exec(names)?.[1].split(",").map((name) => name.trim()).filter((name) => name !== "") ??
      [];
    const types = /^\s*type\b/.test(names) || (listed.length > 0 && listed.every((name) => name.startsWith("type ")));
    imports.push({ specifier, types });
  }
  for (const [, specifier] of text.matchAll(/^import\s*"([^"]+)"/gm)) {
    imports.push({ specifier, types: false });
  }
  for (const [, specifier] of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)) {
    imports.push({ specifier, types: false });
  }
  return imports;
}

async function collect(...folders: string[]): Promise<File[]> {
  const files: File[] = [];
  for (const folder of folders) for await (const file of filesOf(folder)) files.push(file);
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

function target(file: File, { specifier }: Import): string {
  return join(dirname(file.path), specifier);
}

/** The longest name of a room that leads to the file. */
function roomOf(path: string): string {
  const parts = path.split("/").slice(1);
  if (parts[0] === "runtime" && parts.length === 2 && TERMS.includes(parts[1])) return "runtime/terms";
  for (let length = parts.length - 1; length > 0; length--) {
    const room = parts.slice(0, length).join("/");
    if (room in ROOMS) return room;
  }
  return parts[0];
}

Deno.test("architecture: each room of src imports only the rooms it may", async () => {
  const wrong: string[] = [];
  for (const file of await collect("src")) {
    const room = roomOf(file.path);
    const rule = ROOMS[room];
    if (rule === undefined) {
      wrong.push(`${file.path}: no rule for room "${room}"`);
      continue;
    }
    for (const found of file.imports) {
      if (!found.specifier.startsWith(".")) continue;
      const to = target(file, found);
      const other = roomOf(to);
      if (to.startsWith("src/") && (other === room || rule.code.split(" ").includes(other))) continue;
      if (found.types && rule.types?.split(" ").includes(other)) continue;
      wrong.push(`${file.path} imports ${to}${found.types ? " (types)" : ""}`);
    }
  }
  assertEquals(wrong, []);
});

/** What topologies import: the library, and column types of databases. */
const DOORS = ["src/mod.ts", "src/mysql.ts", "src/oracle_database.ts", "src/sqlserver.ts"];

Deno.test("architecture: topologies import the public doors, zod and each other's declarations only", async () => {
  const wrong: string[] = [];
  for (const file of await collect("topologies", "examples")) {
    for (const found of file.imports) {
      const to = found.specifier.startsWith(".") ? target(file, found) : found.specifier;
      const allowed = to === "zod" || DOORS.includes(to) || /^topologies\/[^/]+\/[^/]+\.ts$/.test(to);
      if (!allowed) wrong.push(`${file.path} imports ${to}`);
    }
  }
  assertEquals(wrong, []);
});

/** What a browser runs besides its own: how a status is read, and how a key is asked about. */
const SHARED = ["src/cli/start/status.ts", "src/cli/explain/explain_path.ts"];

/** Of the rest it may know shapes alone. */
Deno.test("architecture: the console imports its own files, libraries, and types of src", async () => {
  const wrong: string[] = [];
  for (const file of await collect("console")) {
    const shipped = !file.path.startsWith("console/tests/") && file.path !== "console/build.ts";
    for (const found of file.imports.filter(({ specifier }) => specifier.startsWith("."))) {
      const to = target(file, found);
      const own = to.startsWith("console/") && !(shipped && to.startsWith("console/tests/"));
      const known = to.startsWith("src/") && (found.types || SHARED.includes(to));
      const forTests = !shipped && /^(tests\/console|src\/record)\//.test(to);
      if (!own && !known && !forTests) wrong.push(`${file.path} imports ${to}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("architecture: no file imports itself, at any remove", async () => {
  const files = await collect("src", "topologies", "examples", "tools", "tests", "console");
  const paths = new Set(files.map((file) => file.path));
  const edges = new Map(files.map((file) => [
    file.path,
    file.imports.filter((found) => found.specifier.startsWith(".")).map((found) => target(file, found))
      .filter((to) => paths.has(to)),
  ]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (done.has(path) || trail.includes(path)) return;
    for (const to of edges.get(path)!) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  assertEquals(cycles, []);
});

Deno.test("architecture: whatever is left to do names the issue in which it will be done", async () => {
  const bare = new RegExp(`\\b${"TO"}${"DO"}\\b(?!\\(#\\d+\\))|\\b${"FIX"}${"ME"}\\b`);
  const found = (await collect("src", "tests", "tools", "topologies", "examples", "console"))
    .flatMap((file) => file.text.split("\n").map((line, index) => ({ line, at: `${file.path}:${index + 1}` })))
    .filter(({ line }) => bare.test(line)).map(({ at }) => at);
  assertEquals(found, []);
});

Deno.test("architecture: everything that src/mod.ts exports has a docstring", async () => {
  const door = await Deno.readTextFile(join(ROOT, "src/mod.ts"));
  const bare: string[] = [];
  let names = 0;
  for (const [, list, specifier] of door.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)) {
    const text = await Deno.readTextFile(join(ROOT, "src", specifier));
    for (const name of list.split(",").map((item) => item.trim().replace(/^type /, "")).filter((item) => item !== "")) {
      names++;
      const declaration = `(?:async )?(?:class|function|const|interface|type) ${name}\\b`;
      const documented = new RegExp(
        `\\*/\\n(?://[^\\n]*\\n)*export (?:type \\{ [^}]*\\b${name}\\b|${declaration})`,
      );
      if (!await isDocumented(name, { text, folder: dirname(join("src", specifier)), documented })) {
        bare.push(`${name} of ${relative("src", join("src", specifier))}`);
      }
    }
  }
  assert(names > 20, "the public door was read");
  assertEquals(bare, []);
});

/** Here, or in the file from which this one passes it on. */
async function isDocumented(
  name: string,
  place: { readonly text: string; readonly folder: string; readonly documented: RegExp },
): Promise<boolean> {
  if (place.documented.test(place.text)) return true;
  const passed = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(place.text);
  if (passed === null) return false;
  const path = join(place.folder, passed[1]);
  return isDocumented(name, { ...place, text: await Deno.readTextFile(join(ROOT, path)), folder: dirname(path) });
}
