import { projectPath, type StackLayout, versions } from "./layout.ts";

const postgresFolders = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"];

/** Folder of PostgreSQL's server programs, or `null`. Debian keeps them off the PATH. */
export function postgresFolder(): string | null {
  const onPath = (Deno.env.get("PATH") ?? "").split(":");
  return [...postgresFolders, ...onPath].find((folder) => exists(`${folder}/initdb`)) ?? null;
}

/** What must be installed first, each with the command that installs it; empty when everything is there. */
export function missingPrerequisites(): string[] {
  const missing: string[] = [];
  const lack = (what: string, install: string) => missing.push(`${what} is not installed: ${install}`);
  if (!onPath("java")) lack("java (17 or newer)", "apt-get install openjdk-17-jre-headless");
  if (!onPath("mvn")) lack("mvn (fetches the jars)", "apt-get install maven");
  if (!onPath("tar")) lack("tar", "apt-get install tar");
  if (postgresFolder() === null) lack("PostgreSQL's server", "apt-get install postgresql-15");
  if (Deno.uid() === 0) {
    if (!onPath("setpriv")) lack("setpriv (PostgreSQL refuses to run as root)", "apt-get install util-linux");
    if (!hasUser("postgres")) {
      lack("a user named postgres (PostgreSQL refuses to run as root)", "useradd --system postgres");
    }
  }
  return missing;
}

/** Whether a program that the stack can do without is installed. */
export function installed(program: string): boolean {
  return onPath(program);
}

/** Brings every jar that is not there yet into the stack's folder. Idempotent. */
export async function fetchArtifacts(layout: StackLayout, onProgress: (line: string) => void): Promise<void> {
  const { libs } = layout;
  if (!exists(`${libs}/kafka/kafka_2.13-${versions.kafka}.jar`)) {
    onProgress("fetching Kafka and ZooKeeper (about 50 MB)");
    await copyDependencies("kafka_pom.xml", `${libs}/kafka`);
  }
  if (!exists(`${libs}/connect/connect-runtime-${versions.connect}.jar`)) {
    onProgress("fetching Kafka Connect (about 40 MB)");
    await copyDependencies("connect_pom.xml", `${libs}/connect`);
  }
  if (!exists(jmxAgent(layout))) {
    onProgress("fetching the JMX exporter");
    await copyDependencies("jmx_pom.xml", `${libs}/jmx`);
  }
  await fetchPlugin(layout, { name: "debezium-connector-postgres", version: versions.debezium, onProgress });
  // Where MariaDB is installed: who has none needs not have its connector.
  if (installed("mariadbd")) {
    await fetchPlugin(layout, { name: "debezium-connector-mysql", version: versions.debeziumMysql, onProgress });
  }
}

async function fetchPlugin(
  { libs, plugins }: StackLayout,
  { name, version, onProgress }: {
    readonly name: string;
    readonly version: string;
    readonly onProgress: (line: string) => void;
  },
): Promise<void> {
  const plugin = `${plugins}/${name}`;
  if (exists(`${plugin}/${name}-${version}.jar`)) return;
  onProgress(`fetching ${name}`);
  // The plugin archive, not the artifact's dependencies: those would bring a second Kafka into the plugin's folder.
  const artifact = `io.debezium:${name}:${version}:tar.gz:plugin`;
  await run("mvn", ["-q", "-B", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${libs}`]);
  if (exists(plugin)) await Deno.remove(plugin, { recursive: true });
  await Deno.mkdir(plugins, { recursive: true });
  await run("tar", ["--no-same-owner", "-xzf", `${libs}/${name}-${version}-plugin.tar.gz`, "-C", plugins]);
}

/** The converter's class, and the service that a Connect worker finds it as. */
const AVRO_CONVERTER = "io.apicurio.registry.utils.converter.AvroConverter";
const CONVERTER_SERVICE = "META-INF/services/org.apache.kafka.connect.storage.Converter";

/** Brings Apicurio's AvroConverter as a plugin of Connect; a worker that runs finds it when it starts next. */
export async function fetchAvroConverter({ plugins }: StackLayout): Promise<void> {
  const folder = `${plugins}/avro-converter`;
  if (exists(folder)) return;
  if (!onPath("jar")) throw new Error("jar is not installed: apt-get install openjdk-17-jdk-headless");
  const part = `${plugins}/../avro-converter.part`;
  if (exists(part)) await Deno.remove(part, { recursive: true });
  const pom = projectPath("tests/stack/etc/avro_converter_pom.xml");
  // The worker's own would be there twice.
  const own = "-DexcludeArtifactIds=connect-api,connect-json,kafka-clients,slf4j-api,lombok";
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", own, `-DoutputDirectory=${part}`];
  await run("mvn", ["-q", "-B", "-f", pom, ...goal]);
  // The worker finds plugins by their manifests (plugin.discovery=service_load), and this one has none.
  await Deno.mkdir(`${part}/META-INF/services`, { recursive: true });
  await Deno.writeTextFile(`${part}/${CONVERTER_SERVICE}`, `${AVRO_CONVERTER}\n`);
  await run("jar", ["--create", "--file", `${part}/avro-converter-service.jar`, "-C", part, "META-INF"]);
  await Deno.remove(`${part}/META-INF`, { recursive: true });
  await Deno.rename(part, folder);
}

export function jmxAgent(layout: StackLayout): string {
  return `${layout.libs}/jmx/jmx_prometheus_javaagent-${versions.jmxExporter}.jar`;
}

/** Runs a program to its end. @throws Error with the end of its output when it fails */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(program, { args: [...args], stdin: "null", cwd: "/" }).output();
  const text = new TextDecoder().decode(output.stdout);
  if (output.success) return text;
  const said = (new TextDecoder().decode(output.stderr) + text).trim().slice(-2_000);
  throw new Error(`Cannot run "${program} ${args[0] ?? ""}" to its end: exit code is ${output.code}\n${said}`);
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Replaces the folder as a whole: jars of two versions, or some only, would be a class path that fails in use. */
async function copyDependencies(pom: string, folder: string): Promise<void> {
  const part = `${folder}.part`;
  for (const path of [part, folder]) {
    if (exists(path)) await Deno.remove(path, { recursive: true });
  }
  const file = projectPath(`tests/stack/etc/${pom}`);
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${part}`];
  await run("mvn", ["-q", "-B", "-f", file, ...goal]);
  await Deno.rename(part, folder);
}

function onPath(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => exists(`${folder}/${program}`));
}

function hasUser(name: string): boolean {
  return Deno.readTextFileSync("/etc/passwd").split("\n").some((line) => line.startsWith(`${name}:`));
}
