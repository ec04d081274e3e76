import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCompose, readText } from "./compose_files.ts";
import { parseDockerfile, textsOf } from "./dockerfile.ts";
import {
  confluentProperty,
  connectProperty,
  DEBEZIUM_USER,
  DECLARED_VOLUMES,
  ZOOKEEPER_SETTINGS,
} from "./image_rules.ts";

const compose = readCompose("compose.yaml");
const secure = readCompose("compose.secure.yaml");

Deno.test("confluentProperty() reads underscores as the image does", () => {
  const cases: Record<string, string> = {
    KAFKA_BROKER_ID: "broker.id",
    KAFKA_LISTENER_NAME_INTERNAL_SCRAM___SHA___512_SASL_JAAS_CONFIG:
      "listener.name.internal.scram-sha-512.sasl.jaas.config",
    KAFKA_LISTENER_NAME_SASL__SSL_SCRAM__SHA_X: "listener.name.sasl_ssl.scram_sha.x",
  };
  for (const [variable, property] of Object.entries(cases)) assertEquals(confluentProperty(variable), property);
});

Deno.test("compose.secure.yaml gives the broker its own login under the name that the broker looks for", () => {
  const properties = Object.keys(secure.services.kafka.environment!)
    .filter((name) => name.startsWith("KAFKA_")).map((name) => confluentProperty(name));
  // The listener's and the mechanism's name in lower case:
  // https://kafka.apache.org/documentation/#brokerconfigs_sasl.jaas.config
  for (const listener of ["internal", "external"]) {
    assert(properties.includes(`listener.name.${listener}.scram-sha-512.sasl.jaas.config`), properties.join(" "));
  }
  for (const property of properties) assert(!/[_]/.test(property), `${property} is no property of a broker`);
});

Deno.test("compose files name no property twice for Connect, and plain takes back what secure sets", () => {
  const environments = [compose, secure].map((file) => Object.keys(file.services.debezium.environment!));
  const properties = environments.flat().filter((name) => name.startsWith("CONNECT_")).map(connectProperty);
  assertEquals(properties.length, new Set(properties).size);
  // The image only adds to its configuration file. So the file must not outlive the container.
  const { tmpfs = [], volumes = [] } = compose.services.debezium;
  assert(tmpfs.some((mount) => mount.startsWith("/kafka/config:")));
  assertEquals(volumes, []);
  for (const mount of tmpfs) assert(mount.includes(DEBEZIUM_USER) && /size=\d+m/.test(mount), mount);
});

Deno.test("compose.yaml mounts something of its own on every volume that an image declares", () => {
  for (const [name, folders] of Object.entries(DECLARED_VOLUMES)) {
    const { tmpfs = [], volumes = [] } = compose.services[name];
    const mounted = [...tmpfs.map((mount) => mount.split(":")[0]), ...volumes.map((volume) => volume.split(":")[1])];
    for (const folder of folders) assert(mounted.includes(folder), `${name}: ${folder}`);
  }
  // The tasks run Weir's image and need no folder for data.
  const [, final] = parseDockerfile(readText("compose/Dockerfile"));
  assertEquals(textsOf(final, "VOLUME"), []);
});

Deno.test("compose.yaml sets nothing that ZooKeeper's image ignores", () => {
  const given = Object.keys(compose.services.zookeeper.environment!).filter((name) => name.startsWith("ZOOKEEPER_"));
  assertEquals(given, [...ZOOKEEPER_SETTINGS]);
  const options = compose.services.zookeeper.environment!.KAFKA_OPTS;
  const commands = /-Dzookeeper\.4lw\.commands\.whitelist=(\S+)/.exec(options)![1].split(",");
  assert(commands.includes("srvr") && commands.includes("dump"));
});

Deno.test("Dockerfiles give no file that they add a mode which would lock the folder made for it", () => {
  for (const file of ["compose/kafka/Dockerfile", "compose/debezium/Dockerfile"]) {
    const [stage] = parseDockerfile(readText(file));
    const added = [...textsOf(stage, "ADD"), ...textsOf(stage, "COPY")];
    assert(added.length >= 3, file);
    for (const text of added) {
      // BuildKit since Docker 28.1 applies the mode to new parent folders too: moby/moby issue 49851, moby/buildkit
      // issue 5943.
      const mode = parseInt(/--chmod=(\d+)/.exec(text)![1], 8);
      assertEquals(mode & 0o555, 0o555, `${file}: ${text}`);
    }
  }
});

Deno.test("compose files start no JVM to ask a service how it is", () => {
  for (const { services } of [compose, secure]) {
    for (const [name, { healthcheck }] of Object.entries(services)) {
      assert(!/\bkafka-\w|\bjava\b|zookeeper-shell/.test(healthcheck?.test?.join(" ") ?? ""), name);
    }
  }
  assertStringIncludes(readText("compose/kafka/jmx.yml"), "name: kafka_server_broker_state");
});

Deno.test("admin.secure.properties names itself where compose.secure.yaml mounts it", () => {
  const [path] = secure.services.kafka.volumes!.map((volume) => volume.split(":")[1]);
  assertStringIncludes(readText("compose/kafka/admin.secure.properties"), `--command-config ${path} `);
});

Deno.test("docs/operations.md upgrades Weir without replacing the others", () => {
  const text = readText("docs/operations.md");
  assertStringIncludes(text, "dc up --detach --no-deps weir");
  assert(!/up --build[^\n]* weir\b/.test(text), "up --build weir replaces Kafka and Debezium where digests change");
});
