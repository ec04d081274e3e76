import { assert, assertEquals } from "@std/assert";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { allowed, projectPath, readCompose, readText } from "./compose_files.ts";
import { readAddress } from "../../src/cli/config/application_server.ts";
import { parseDockerfile, permissionsOf, textsOf } from "./dockerfile.ts";
import { networksOf } from "./networks.ts";

const [build, final] = parseDockerfile(readText("compose/Dockerfile"));
const entrypoint: string[] = JSON.parse(textsOf(final, "ENTRYPOINT")[0]);
const compose = readCompose("compose.yaml");
const secure = readCompose("compose.secure.yaml");
const scale = readCompose("compose.scale.yaml");

/** Whether a list of `--allow-env` names a variable, `PREFIX_*` included. */
function allows(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : entry === name);
}

interface ModuleGraph {
  readonly modules: readonly {
    readonly dependencies?: readonly { readonly specifier: string; readonly code?: unknown }[];
  }[];
}

/** Packages that a program and all that it imports need when they run. */
async function packagesOf(file: string): Promise<string[]> {
  const args = ["info", "--json", "--frozen", projectPath(file)];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: projectPath("."), stderr: "null" }).output();
  const graph: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const specifiers = graph.modules.flatMap(({ dependencies = [] }) =>
    dependencies.filter(({ code }) => code !== undefined).map(({ specifier }) => specifier)
  );
  // `@scope/name/path` and `name/path` without the path.
  return specifiers.filter((specifier) => !/^(\.|node:|file:)/.test(specifier))
    .map((specifier) => /^(?:npm:|jsr:)?((?:@[^/]+\/)?[^/@]+)/.exec(specifier)![1]);
}

Deno.test("Dockerfile builds with the lock, and ends in an image without shell, as a user who owns /data alone", () => {
  assert(
    build.image.startsWith("denoland/deno:debian-2.9.") && final.image.startsWith("denoland/deno:distroless-2.9."),
  );
  assertEquals(build.image.split("-")[1], final.image.split("-")[1]);
  for (const command of textsOf(build, "RUN")) {
    if (command.includes("deno ")) assert(command.includes("deno cache --frozen"), command);
  }
  assertEquals(textsOf(final, "RUN"), []);
  assertEquals(textsOf(final, "USER"), ["65532:65532"]);
  // Behind everything that is copied: a checkout may be for its owner alone.
  const last = build.instructions.findLastIndex(({ keyword }) => keyword === "COPY");
  assert(build.instructions.slice(last).some(({ text }) => text === "chmod -R a+rX /app /deno-dir"));
  const owned = textsOf(final, "COPY").filter((text) => text.includes("--chown"));
  assertEquals(owned, ["--from=build --chown=65532:65532 /data /data"]);
  assertEquals(textsOf(final, "STOPSIGNAL"), ["SIGTERM"]);
});

Deno.test("Dockerfile gives the program explicit lists of what it may do, and no way out of them", () => {
  const permissions = permissionsOf(entrypoint);
  assertEquals(Object.keys(permissions).sort(), [
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-sys",
    "--allow-write",
    "--ignore-env",
  ]);
  for (const [name, list] of Object.entries(permissions)) assert(name === "--ignore-env" || list.length > 0, name);
  assertEquals(permissions["--allow-read"], ["/app", "/data", "/run/secrets"]);
  assertEquals(permissions["--allow-write"], ["/data"]);
  for (const flag of ["--no-prompt", "--cached-only", "--frozen"]) assert(entrypoint.includes(flag), flag);
  assertEquals([entrypoint.at(-1), JSON.parse(textsOf(final, "CMD")[0])], ["src/main.ts", ["start"]]);
});

Deno.test("Dockerfile lets the program read every variable and reach every address that compose gives it", () => {
  const permissions = permissionsOf(entrypoint);
  const own = textsOf(final, "ENV").join(" ").matchAll(/(\w+)=/g);
  const given = { ...compose.services.weir.environment, ...secure.services.weir.environment };
  const ours = [...Object.keys(given), ...[...own].map(([, name]) => name)].filter((name) =>
    !/^(DENO|MALLOC)_/.test(name)
  );
  for (const name of ours) {
    assert(VARIABLE_NAMES.includes(name), `${name} is no variable of Weir`);
    assert(allows(permissions["--allow-env"], name), name);
  }
  for (const environment of [compose.services.weir.environment!, secure.services.weir.environment!]) {
    for (
      const address of [
        environment.KAFKA_BROKERS,
        environment.CLICKHOUSE_URL && new URL(environment.CLICKHOUSE_URL).host,
      ]
    ) {
      if (address !== undefined) assert(permissions["--allow-net"].includes(address), address);
    }
  }
  assert(permissions["--allow-net"].includes(`${compose.services.weir.environment!.WEIR_HOST}:8686`));
});

Deno.test("compose.yaml gives the one-shot programs of the image no more than their addresses and files", () => {
  const cases = [
    { name: "kafka-init", net: ["kafka:29092"], script: "compose/kafka/prepare_kafka.ts" },
    {
      name: "connector-init",
      net: ["connect:8083", "postgres:5432"],
      script: "compose/debezium/register_connector.ts",
    },
  ];
  for (const { name, net, script } of cases) {
    const command = compose.services[name].entrypoint!;
    const permissions = permissionsOf(command);
    assertEquals(permissions["--allow-net"], net);
    assertEquals(permissions["--allow-read"], ["/app", "/run/secrets"]);
    for (const flag of Object.keys(permissions)) {
      assert(!/^--allow-(write|run|ffi|all)$|^-A/.test(flag), `${name}: ${flag}`);
    }
    const variables = { ...compose.services[name].environment, ...secure.services[name]?.environment };
    for (const variable of Object.keys(variables)) {
      assert(allows(permissions["--allow-env"], variable), `${name}: ${variable}`);
    }
    assertEquals(command.at(-1), script);
    assert(textsOf(build, "COPY").some((text) => text.includes(script)), script);
    assert(textsOf(build, "RUN").some((text) => text.includes(script)), `${script} is not cached`);
  }
});

Deno.test("compose.yaml lets weir-proof read, and reach both sides and Weir, and nothing else", () => {
  const { entrypoint, command, environment } = compose.services["weir-proof"];
  const permissions = permissionsOf(entrypoint!);
  assertEquals(permissions["--allow-net"], ["postgres:5432", "clickhouse:8123", "clickhouse:8443", "weir:8686"]);
  assertEquals(permissions["--allow-read"], ["/app", "/run/secrets"]);
  assertEquals(Object.keys(permissions).filter((flag) => /^--allow-(write|run|ffi|all)$|^-A/.test(flag)), []);
  assertEquals([entrypoint!.at(-1), command], ["src/main.ts", ["prove", "--url", "http://weir:8686"]]);
  const given = { ...environment, ...secure.services["weir-proof"].environment };
  for (const name of Object.keys(given).filter((name) => !name.startsWith("DENO_"))) {
    assert(VARIABLE_NAMES.includes(name), `${name} is no variable of Weir`);
    assert(allows(permissions["--allow-env"], name), name);
  }
  for (const url of [environment!.CLICKHOUSE_URL, given.CLICKHOUSE_URL, given.VERIFY_DATABASE_URL]) {
    assert(permissions["--allow-net"].includes(new URL(url).host), url);
  }
  assertEquals(compose.services.weir.environment!.WEIR_PROOF, "service");
});

Deno.test("compose.scale.yaml lets instances of weir reach each other, at names of their own, and nobody else", () => {
  const { entrypoint: scaled, command, environment } = scale.services.weir;
  const { WEIR_APPLICATION_SERVER: address } = environment!;
  const [, network] = /^\*\.\$\{COMPOSE_PROJECT_NAME\}_(\w+):8686$/.exec(address)!;
  assertEquals(compose.networks[network], { internal: true });
  assert(networksOf(compose, "weir").includes(network), network);
  assertEquals(scaled, entrypoint.map((word) => word.startsWith("--allow-net=") ? `${word},${address}` : word));
  assertEquals(command, JSON.parse(textsOf(final, "CMD")[0]));
  const named = readAddress(address.replace("${COMPOSE_PROJECT_NAME}", compose.name));
  assertEquals(named, `${Deno.hostname()}.${compose.name}_${network}:8686`);
  // Without it no instance tells another anything: `readConfiguration()` refuses an address alone.
  assert("WEIR_STORE_PASSWORD_FILE" in compose.services.weir.environment!);
});

Deno.test("compose.yaml's health check of weir is that of the image", () => {
  const [text] = textsOf(final, "HEALTHCHECK");
  const command: string[] = JSON.parse(text.slice(text.indexOf("[")));
  assertEquals(compose.services.weir.healthcheck!.test, ["CMD", ...command]);
  assertEquals(permissionsOf(command), { "--allow-net": ["127.0.0.1:8686"] });
});

Deno.test({
  name: "dependencies.ts names every package that the image's programs import, and no other",
  ignore: !allowed,
  async fn() {
    const topologies = [...Deno.readDirSync(projectPath("topologies"))].filter(({ name }) => name.endsWith(".ts"));
    const programs = [
      "src/main.ts",
      "compose/kafka/prepare_kafka.ts",
      "compose/debezium/register_connector.ts",
      ...topologies.map(({ name }) => `topologies/${name}`),
    ];
    const found = new Set<string>();
    for (const program of programs) for (const name of await packagesOf(program)) found.add(name);
    const named = [...readText("compose/weir/dependencies.ts").matchAll(/^import "([^"]+)";$/gm)].map(([, name]) =>
      name
    );
    assertEquals([...found].filter((name) => name !== "chdb").sort(), named);
  },
});
