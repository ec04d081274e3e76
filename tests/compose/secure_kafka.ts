import { fetchArtifacts, jmxAgent } from "../stack/artifacts.ts";
import { stackLayout } from "../stack/layout.ts";
import { makeSecrets } from "../../tools/secrets/make_secrets.ts";
import { projectPath, readCompose, readText } from "./compose_files.ts";
import { CONFLUENT_NO_PROPERTIES, confluentProperty } from "./image_rules.ts";

/** A broker that runs under the environment of compose.yaml and compose.secure.yaml, on this machine's own ports. */
export interface SecureKafka {
  /** Address of the listener INTERNAL. */
  readonly broker: string;
  readonly secrets: string;
  password(user: string): string;
  readonly ca: string;
  /** All that ZooKeeper, the broker and its start script have written. */
  log(): string;
  close(): Promise<void>;
}

const START_MS = 120_000;
const jvm = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.net.preferIPv4Stack=true"];

/**
 * Starts ZooKeeper, then runs compose/kafka/start.sh with the image's two programs replaced by the same ones from their
 * jars.
 */
export async function startSecureKafka(): Promise<SecureKafka> {
  const layout = stackLayout();
  await fetchArtifacts(layout, () => {});
  const root = await Deno.makeTempDir({ prefix: "weir-secure-kafka-" });
  await makeSecrets(root);
  const [zookeeperPort, internal, external, jmx] = freePorts(4);
  const replace = (text: string) =>
    text
      .replaceAll("zookeeper:2181", `127.0.0.1:${zookeeperPort}`)
      .replaceAll(/(0\.0\.0\.0|kafka):29092/g, `127.0.0.1:${internal}`)
      .replaceAll(/(0\.0\.0\.0|localhost):9092/g, `127.0.0.1:${external}`)
      .replaceAll("/run/secrets/", `${root}/secrets/`)
      .replaceAll("/opt/jmx/agent.jar=7071:", `${jmxAgent(layout)}=127.0.0.1:${jmx}:`)
      .replaceAll("/opt/jmx/kafka.yml", projectPath("compose/kafka/jmx.yml"));
  const environment = {
    ...readCompose("compose.yaml").services.kafka.environment,
    ...readCompose("compose.secure.yaml").services.kafka.environment,
  };
  await Promise.all([
    Deno.writeTextFile(`${root}/log4j.properties`, readText("tests/stack/etc/log4j.properties")),
    Deno.writeTextFile(`${root}/zookeeper.properties`, zookeeperProperties(root, zookeeperPort)),
    Deno.writeTextFile(`${root}/server.properties`, replace(brokerProperties(root, environment))),
    Deno.mkdir(`${root}/bin`),
  ]);
  await writePrograms(root, layout.libs);
  await Deno.writeTextFile(
    `${root}/bin/start-kafka`,
    replace(readText("compose/kafka/start.sh")).replace("/etc/confluent/docker/run", `${root}/bin/run`),
  );
  let log = "";
  const start = (...command: string[]) => {
    const child = new Deno.Command("bash", {
      args: command,
      env: {
        PATH: `${root}/bin:${Deno.env.get("PATH")}`,
        SCRAM_USERS: environment.SCRAM_USERS,
        KAFKA_ZOOKEEPER_CONNECT: replace(environment.KAFKA_ZOOKEEPER_CONNECT),
        KAFKA_BROKER_ID: environment.KAFKA_BROKER_ID,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    for (const stream of [child.stdout, child.stderr]) {
      (async () => {
        for await (const text of stream.pipeThrough(new TextDecoderStream())) log += text;
      })().catch(() => {});
    }
    return child;
  };
  const zookeeper = start(`${root}/bin/zookeeper`);
  await waitUntil(() => log.includes("binding to port"), () => log);
  const kafka = start(`${root}/bin/start-kafka`);
  await waitUntil(() => log.includes("[KafkaServer id=1] started"), () => log);
  return {
    broker: `127.0.0.1:${internal}`,
    secrets: `${root}/secrets`,
    password: (user) => Deno.readTextFileSync(`${root}/secrets/kafka_${user}_password`),
    ca: Deno.readTextFileSync(`${root}/secrets/ca.crt`),
    log: () => log,
    async close() {
      // Bash has become the program, so these are theirs.
      kafka.kill("SIGTERM");
      await kafka.status;
      zookeeper.kill("SIGTERM");
      await zookeeper.status;
      await Deno.remove(root, { recursive: true });
    },
  };
}

/** The image's programs, and ZooKeeper's, from their jars. */
async function writePrograms(root: string, libs: string): Promise<void> {
  const java = `java -Xmx384m ${
    jvm.join(" ")
  } -Dlog4j.configuration=file:${root}/log4j.properties -cp '${libs}/kafka/*'`;
  await script(`${root}/bin/kafka-configs`, `exec ${java} kafka.admin.ConfigCommand "$@"`);
  await script(
    `${root}/bin/run`,
    `exec ${java.replace("java ", "java $KAFKA_OPTS ")} kafka.Kafka ${root}/server.properties`,
  );
  await script(
    `${root}/bin/zookeeper`,
    `exec ${java} org.apache.zookeeper.server.quorum.QuorumPeerMain ${root}/zookeeper.properties`,
  );
}

/** The broker's file as the image writes it from its environment. */
function brokerProperties(root: string, environment: Readonly<Record<string, string>>): string {
  const none: readonly string[] = CONFLUENT_NO_PROPERTIES;
  const lines = Object.entries(environment).flatMap(([name, value]) =>
    // Compose has made one dollar out of two by the time that the container starts.
    name.startsWith("KAFKA_") && !none.includes(name)
      ? [`${confluentProperty(name)}=${value.replaceAll("$$", "$")}`]
      : []
  );
  return [...lines, `log.dirs=${root}/data`, "offsets.topic.num.partitions=2", ""].join("\n");
}

function zookeeperProperties(root: string, port: number): string {
  const lines = [
    "tickTime=2000",
    `dataDir=${root}/zookeeper`,
    `clientPort=${port}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    "",
  ];
  return lines.join("\n");
}

async function script(path: string, line: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/bash\n${line}\n`, { mode: 0o755 });
}

async function waitUntil(reached: () => boolean, log: () => string): Promise<void> {
  for (const deadline = Date.now() + START_MS; !reached();) {
    if (Date.now() > deadline) throw new Error(`Cannot start Kafka: ${log().slice(-3_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  return listeners.map((listener) => {
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    return port;
  });
}
