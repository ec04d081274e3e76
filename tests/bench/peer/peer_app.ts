import { run } from "../../stack/artifacts.ts";
import { projectPath } from "../../stack/layout.ts";

/** Java's arguments up to the class path of the application and its loader. */
export type PeerJava = readonly string[];

/**
 * Fetches Kafka Streams with Maven and compiles the application, both into a directory.
 * @throws Error with what the compiler or Maven says
 */
export async function buildPeer(directory: string): Promise<PeerJava> {
  const app = projectPath("tests/bench/peer/app");
  const [libraries, classes] = [`${directory}/lib`, `${directory}/classes`];
  await run("mvn", [
    "-q",
    "-B",
    "-f",
    `${app}/pom.xml`,
    "dependency:copy-dependencies",
    `-DoutputDirectory=${libraries}`,
  ]);
  const sources = Array.from(Deno.readDirSync(`${app}/src/main/java/peer`), ({ name }) => name);
  const paths = sources.map((name) => `${app}/src/main/java/peer/${name}`);
  await run("javac", [
    "-nowarn",
    "-Xlint:-deprecation",
    "--release",
    "17",
    "-d",
    classes,
    "-cp",
    `${libraries}/*`,
    ...paths,
  ]);
  return ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", `${classes}:${libraries}/*`];
}

/** Writes the seeded data set into new topics of the broker; resolves to what it says of it. */
export async function loadDataSet(
  java: PeerJava,
  { broker, orders, updates }: { readonly broker: string; readonly orders: number; readonly updates: number },
): Promise<string> {
  const sizes = ["--orders", String(orders), "--updates", String(updates)];
  return (await run("java", [...java, "peer.Load", "--brokers", broker, ...sizes])).trim();
}
