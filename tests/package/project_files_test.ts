import { assert, assertEquals, assertRejects } from "@std/assert";
import { parse } from "yaml";
import { type Chdb, CHDB_VERSION } from "../../src/adapters/embedded_clickhouse/chdb.ts";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { createProject } from "../../src/cli/new/create_project.ts";
import { projectFiles, TARBALL } from "../../src/cli/new/project_files.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { LIBRARY } from "../../src/record/library.ts";
import { composeProblems } from "../compose/compose_schema.ts";
import { parseDockerfile, textsOf } from "../compose/dockerfile.ts";
import { permitted } from "../cli/support.ts";
import type * as chdb from "chdb";

const root = new URL("../../", import.meta.url);
const files = projectFiles({ name: "shop", library: "npm:@weir/weir@^0.1.0", chdb: "3.4.0" });

/** What is used of chdb is there as it is declared. */
type Fits<T, U> = T extends U ? true : false;
const declared: Fits<typeof chdb, Chdb> = true;

Deno.test("the library knows its own name and version, and chdb's", { ignore: !permitted }, async () => {
  const { name, version, imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  assertEquals<unknown>(LIBRARY, { name, version });
  assertEquals([imports.chdb, declared], [`npm:chdb@${CHDB_VERSION}`, true]);
});

Deno.test("a project's sources are those of the store that start makes up", { ignore: !permitted }, async () => {
  const own = await Deno.readTextFile(new URL("topologies/online_store/sources.ts", root));
  const [, ...lines] = files.get("sources.ts")!.split("\n");
  assertEquals(lines.join("\n"), own.replace("../../src/mod.ts", "@weir/weir"));
});

Deno.test("a project has every command as a task", { ignore: !permitted }, async () => {
  const own = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).tasks;
  const { tasks } = JSON.parse(files.get("deno.json")!);
  const commands = Object.entries<string>(own).filter(([, task]) => task.includes("src/main.ts"));
  assertEquals<unknown>(
    Object.entries(tasks).filter(([name]) => name !== "test").sort(),
    commands.map(([name, task]) => [name, task.replace("src/main.ts", "@weir/weir/cli")]).sort(),
  );
});

const [image] = parseDockerfile(files.get("Dockerfile")!);
const packed = projectFiles({ name: "shop", library: TARBALL, chdb: "3.4.0" });

Deno.test("a project's container is unprivileged, and mounts what the project has", { ignore: !permitted }, () => {
  const compose = parse(files.get("compose.yaml")!);
  assertEquals(composeProblems(compose), []);
  const { weir } = compose.services;
  assertEquals([weir.read_only, weir.cap_drop, weir.security_opt], [true, ["ALL"], ["no-new-privileges:true"]]);
  assertEquals([weir.ports, weir.restart], [["127.0.0.1:8686:8686"], "unless-stopped"]);
  const mounts: string[][] = weir.volumes.map((text: string) => text.split(":"));
  const [data, ...own] = mounts;
  // A new volume takes over who owns the folder that it is mounted on.
  assertEquals([data, Object.keys(compose.volumes)], [["data", weir.environment.WEIR_DATA], ["data"]]);
  assert(textsOf(image, "RUN").some((text) => text.includes(`chown deno:deno ${weir.environment.WEIR_DATA}`)));
  for (const [from, to, mode] of own) {
    const path = from.replace("./", "");
    assert([...files.keys()].some((file) => file === path || file.startsWith(`${path}/`)), from);
    assertEquals([to, mode], [`${textsOf(image, "WORKDIR")[0]}/${path}`, "ro"]);
  }
  for (const name of Object.keys(weir.environment)) assert(VARIABLE_NAMES.includes(name), name);
});

Deno.test("the proof beside a project's Weir reads, and computes with the same files", { ignore: !permitted }, () => {
  const { weir, "weir-proof": proof } = parse(files.get("compose.yaml")!).services;
  assertEquals([proof.profiles, proof.command], [["proof"], ["prove", "--url", "http://weir:8686"]]);
  assertEquals([proof.read_only, proof.cap_drop, proof.security_opt], [true, ["ALL"], ["no-new-privileges:true"]]);
  assertEquals([proof.build, proof.volumes], [weir.build, weir.volumes.slice(1)]);
  assertEquals([proof.ports, proof.healthcheck], [undefined, { disable: true }]);
  // Of what Weir may do with Kafka and ClickHouse it is given nothing.
  assertEquals([proof.env_file, Object.keys(proof.environment)], [
    "proof.env",
    ["KAFKA_BROKERS", "CLICKHOUSE_URL", "CLICKHOUSE_DATABASE", "WEIR_STORE_PASSWORD"],
  ]);
  for (const name of [".gitignore", ".dockerignore"]) {
    assertEquals([name, files.get(name)!.split("\n").filter((line) => line.endsWith(".env")).length], [name, 2]);
  }
  const told = [...files.get("README.md")!.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  assertEquals(told.filter((name) => name !== "COMPOSE_PROFILES" && !VARIABLE_NAMES.includes(name)), []);
  assert(told.includes("WEIR_PROOF") && told.includes("VERIFY_DATABASE_URL"), told.join());
});

Deno.test("a project's README says where its packages are named", { ignore: !permitted }, () => {
  for (const [all, file] of [[files, "deno.json"], [packed, "package.json"]] as const) {
    assert(all.get("README.md")!.includes(`ClickHouse, can go from \`${file}\`.`));
  }
});

Deno.test("a project on a tarball has an image that asks no registry for Weir", { ignore: !permitted }, () => {
  const [own] = parseDockerfile(packed.get("Dockerfile")!);
  const [copied] = textsOf(own, "COPY");
  assertEquals(copied.split(" "), ["package.json", ".npmrc*", "weir.tgz", "./"]);
  assertEquals(JSON.parse(packed.get("package.json")!).dependencies["@weir/weir"], "file:weir.tgz");
  // What is not installed in another way is the same.
  const rest = ({ instructions }: typeof own) =>
    instructions.slice(instructions.findIndex(({ text }) => text.includes("--chown=deno:deno . .")))
      .map(({ text }) => text.replace("npm:@weir/weir/cli", "@weir/weir/cli"));
  assertEquals(rest(own), rest(image));
  assertEquals([...packed.keys()].filter((path) => !files.has(path)), ["package.json"]);
});

Deno.test(
  "a project's image has the Deno of this one, and a lock decides only if there is one",
  { ignore: !permitted },
  async () => {
    const [own] = parseDockerfile(await Deno.readTextFile(new URL("compose/Dockerfile", root)));
    assertEquals(image.image, own.image);
    assertEquals(textsOf(image, "USER"), ["deno"]);
    const [install] = textsOf(image, "RUN");
    assert(install.startsWith("deno install $(test ! -f deno.lock || echo --frozen) "), install);
    // Packages are installed before topologies are there, so that a change of these installs nothing anew.
    const keywords = image.instructions.map(({ keyword }) => keyword).filter((keyword) => /^(COPY|RUN)$/.test(keyword));
    assertEquals(keywords, ["COPY", "RUN", "COPY", "RUN"]);
  },
);

Deno.test("createProject() overwrites nothing, and needs a package", { ignore: !permitted }, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/shop`);
    await Deno.writeTextFile(`${folder}/shop/sources.ts`, "mine");
    const there = await assertRejects(() => createProject(`${folder}/shop`, "npm:@weir/weir@^0.1.0"), ConfigError);
    assertEquals(there.problems.length, 1, there.message);
    assertEquals([...Deno.readDirSync(`${folder}/shop`)].map(({ name }) => name), ["sources.ts"]);
    const none = await assertRejects(() => createProject(`${folder}/new`), ConfigError);
    assertEquals(none.message.includes("deno task pack"), true, none.message);
    await Deno.writeTextFile(`${folder}/other.tgz`, "packed");
    await createProject(`${folder}/packed`, `${folder}/other.tgz`);
    assertEquals(await Deno.readTextFile(`${folder}/packed/weir.tgz`), "packed");
    await Deno.mkdir(`${folder}/holds`);
    await Deno.writeTextFile(`${folder}/holds/weir.tgz`, "older");
    await assertRejects(() => createProject(`${folder}/holds`, `${folder}/other.tgz`), ConfigError, "it exists");
    assertEquals((await createProject(`${folder}/holds`, `${folder}/holds/weir.tgz`)).length, packed.size);
    await assertRejects(
      () => createProject(`${folder}/new`, `${folder}/shop`),
      ConfigError,
      "deno task pack",
    );
    await assertRejects(() => createProject(`${folder}/a b`, "npm:@weir/weir@^0.1.0"), UsageError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("whatever starts Weir tells the C library alike how to keep memory", async () => {
  const told = (text: string) => [...text.matchAll(/MALLOC_[A-Z_]+=\d+/g)].map(([setting]) => setting).sort();
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const expected = told(tasks.start);
  assertEquals(expected.length, 3);
  const own = JSON.parse(files.get("deno.json")!).tasks;
  const image = await Deno.readTextFile(new URL("../../compose/Dockerfile", import.meta.url));
  for (const text of [tasks.dev, own.start, own.dev, files.get("Dockerfile")!, image]) {
    assertEquals(told(text), expected, text);
  }
});
