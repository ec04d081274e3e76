import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { sh } from "../compose/built_image.ts";
import { permitted, withDirectory } from "../cli/support.ts";
import { hasPostgres15, startPostgres } from "../values/postgres_server.ts";
import { freePort } from "../free_port.ts";
import { createProject } from "../../src/cli/new/create_project.ts";
import { pack } from "../../tools/pack.ts";
import { linksOf } from "../docs/blocks/links.ts";
import { readPages } from "../docs/blocks/pages.ts";
import { denoIn, type Done, downloads, manifestOf } from "./package_user.ts";
import { followDockerfile } from "./project_image.ts";
import { type Manifest, serveRegistry } from "./registry.ts";
import { hasNpm, tryTarballProject } from "./tarball_project.ts";

Deno.test("a project made from the package runs, is tested and proven, without this repository", {
  ignore: !permitted,
}, async (t) => {
  await withDirectory(async (directory) => {
    const tarball = await pack(`${directory}/weir.tgz`);
    const manifest = await manifestOf(tarball);
    await judgeContents(tarball, manifest);
    await using registry = serveRegistry(await Deno.readFile(tarball), manifest);
    const { all, own } = await downloads(registry.port);
    await Deno.writeTextFile(`${directory}/.npmrc`, registry.npmrc);
    const env = { HOME: directory, DENO_DIR: all, WEIR_PORT: String(freePort()) };
    const shop = denoIn(`${directory}/shop`, env);
    const passes = async (run: Promise<Done>, ...said: readonly string[]) => {
      const { status, text } = await run;
      assertEquals(status, 0, text);
      for (const words of said) assert(text.includes(words), `"${words}" is not in: ${text}`);
    };
    try {
      await t.step("it is made by one command", async () => {
        await passes(
          denoIn(directory, env)("run", "-A", "npm:@weir/weir/create", "shop"),
          "Run it:    deno task start",
        );
      });
      await t.step("its image is built before anything else was run, and starts and ends in order", async () => {
        await runsInContainer(directory, "shop");
      });
      await t.step("so does that of a project on the tarball, which asks no registry for it", async () => {
        await createProject(`${directory}/packed`, tarball);
        const home = `${directory}/elsewhere`;
        await Deno.mkdir(home);
        await runsInContainer(directory, "packed", { home });
      });
      await t.step({
        name: "npm installs it there, and it runs, is tested, and takes a change of a topology while it runs",
        ignore: !hasNpm,
        fn: () => tryTarballProject({ folder: `${directory}/packed`, home: `${directory}/elsewhere`, env, passes }),
      });
      await t.step("its test passes", () => passes(shop("task", "test"), "2 passed | 0 failed"));
      await t.step("its README leads to the documentation of the package", async () => {
        const [, page] = /\]\((node_modules\/[^)]+)\)/.exec(await Deno.readTextFile(`${directory}/shop/README.md`))!;
        assert((await Deno.readTextFile(`${directory}/shop/${page}`)).startsWith("# Documentation"), page);
      });
      await t.step("a topology is added, and all are formatted, linted and of the right types", async () => {
        await passes(shop("task", "new", "totals"), "Wrote topologies/totals.ts");
        await passes(shop("fmt", "--check"));
        await passes(shop("lint"));
        await passes(shop("check", "."));
        await passes(shop("task", "test"), "3 passed | 0 failed");
      });
      await t.step("it starts, ends and is equal to its source", async () => {
        await passes(shop("task", "start", "--duration", "10s"), "totals started fresh", "sales started fresh");
        await passes(shop("task", "start", "--rate", "0", "--duration", "1s"), "everything is in ClickHouse");
        await passes(shop("task", "verify"), "Equal: ");
        await passes(shop("task", "query", "SELECT count() > 40000 AS shown FROM sales"), "shown");
      });
      await t.step("its sources are those of a database, and a preflight tells what is not set up", async () => {
        await pullsSources(directory, { env, passes });
        await passes(shop("task", "doctor"), "not checked  kafka.reachable  Kafka: it is not configured");
      });
      await t.step("without chdb it says what to add", async () => {
        await removeChdb(`${directory}/shop`);
        await passes(shop("install"));
        const { status, text } = await shop("task", "start");
        assert(status !== 0 && text.includes("deno add npm:chdb@3.4.0"), text);
      });
    } finally {
      await Deno.remove(own, { recursive: true }).catch(() => {});
    }
  });
});

async function removeChdb(project: string): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(`${project}/deno.json`));
  delete config.imports.chdb;
  await Deno.writeTextFile(`${project}/deno.json`, JSON.stringify(config));
  await Deno.remove(`${project}/node_modules`, { recursive: true });
}

/** Without an engine: what its Dockerfile says, as the user whom it names. */
async function runsInContainer(
  directory: string,
  project: string,
  { home = directory }: { readonly home?: string } = {},
): Promise<void> {
  // Whoever keeps files for themselves can build, too.
  await Deno.chmod(directory, 0o755);
  await sh(`cp -R '${directory}/${project}' '${directory}/private' && chmod -R go-rwx '${directory}/private'`);
  await Deno.mkdir(`${directory}/image`);
  const port = freePort();
  const image = await followDockerfile(`${directory}/private`, { into: `${directory}/image`, home, port });
  const services = { KAFKA_BROKERS: "127.0.0.1:1", CLICKHOUSE_URL: "http://127.0.0.1:1", CLICKHOUSE_USER: "weir" };
  const process = image.start({ ...services, CLICKHOUSE_PASSWORD: "x", WEIR_HOST: "127.0.0.1" });
  const listens = Promise.withResolvers<void>();
  let said = "";
  const hear = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said.includes('"event":"listening"')) listens.resolve();
    }
  };
  const heard = Promise.all([hear(process.stdout), hear(process.stderr)]);
  await Promise.race([listens.promise, process.status]);
  // Kafka is not there: it is alive, and not ready.
  assertEquals(await image.health(), 1, said);
  assert(said.includes('"event":"listening"'), said);
  await hasConsole(`http://127.0.0.1:${port}/`);
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0, said);
  await heard;
  assert(said.includes("Ended. Nothing is lost"), said);
  // What is mounted into a container keeps its owner and mode.
  if (Deno.uid() === 0) {
    const closed = image.start({ ...services, CLICKHOUSE_PASSWORD: "x", WEIR_TOPOLOGIES: `${directory}/private` });
    const { code, stderr } = await closed.output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([code, text.includes(`chmod -R a+rX ${directory}/private`)], [1, true], text);
  }
  await sh(`rm -rf '${directory}/image' '${directory}/private'`);
}

/** The page, and the script and the stylesheet that it names. */
async function hasConsole(page: string): Promise<void> {
  const answer = async (url: string | URL) => {
    const response = await fetch(url);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };
  const { status, type, text } = await answer(page);
  assertEquals([status, type], [200, "text/html; charset=utf-8"], text);
  for (
    const [kind, expected, content] of [
      ["css", "text/css; charset=utf-8", ".explain-form"],
      ["js", "text/javascript; charset=utf-8", "Why is this row as it is?"],
      ["svg", "image/svg+xml", "<path"],
    ]
  ) {
    const [path] = new RegExp(`/assets/[^"]*\\.${kind}(?=")`).exec(text) ?? [];
    assert(path !== undefined, text);
    const asset = await answer(new URL(path, page));
    assertEquals([asset.status, asset.type, asset.text.includes(content)], [200, expected, true], path);
  }
}

interface Project {
  readonly env: Readonly<Record<string, string>>;
  passes(run: Promise<Done>, ...said: readonly string[]): Promise<void>;
}

/** Declarations that are pulled import the package, and are of the right types and form. */
async function pullsSources(directory: string, { env, passes }: Project): Promise<void> {
  if (!hasPostgres15()) return;
  const server = await startPostgres();
  try {
    await server.query("CREATE TABLE visits (id bigint PRIMARY KEY, paid numeric(9, 2))");
    const url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
    const shop = denoIn(`${directory}/shop`, { ...env, SOURCE_DATABASE_URL: url });
    await passes(shop("task", "sources", "pull", "--output", "pulled.ts"), "Wrote pulled.ts: 1 table");
    await passes(shop("task", "sources", "pull", "--output", "pulled.ts"), "pulled.ts declares what PostgreSQL");
    await passes(shop("check", "pulled.ts"));
    await passes(shop("fmt", "--check", "pulled.ts"));
  } finally {
    await server.close();
  }
}

/** It must ask for nothing that not all of its users need, and hold no tests. */
async function judgeContents(tarball: string, { dependencies }: Manifest): Promise<void> {
  assertEquals(Object.keys(dependencies), [
    "@clickhouse/client",
    "avsc",
    "aws4",
    "kafkajs",
    "pg",
    "prom-client",
    "protobufjs",
    "snappyjs",
    "zod",
  ]);
  const listed = await new Deno.Command("tar", { args: ["-tzf", tarball] }).output();
  const paths = new TextDecoder().decode(listed.stdout).trim().split("\n");
  const known = /^package\/(src\/|links\/|docs\/|[^/]+$)/;
  assertEquals(paths.filter((path) => !known.test(path) || /_test\.ts$/.test(path)), []);
  // Whoever has the package alone can read all of the documentation, from its README on.
  const pages = readPages().filter(({ path }) => path === "README.md" || path.startsWith("docs/"));
  const linked = pages.flatMap(({ path, text }) =>
    linksOf(text).map(({ target }) => join("package", dirname(path), target.split("#")[0]))
  ).filter((path) => /^package\/docs\/.*\.\w+$/.test(path));
  assertEquals(linked.filter((path) => !paths.includes(path)), []);
  assert(linked.length > 100, `${linked.length} links`);
}
