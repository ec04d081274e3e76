/**
 * Writes `tests/fixtures/registry/service`: records of a service that uses Apicurio's serializers of JSON Schema and
 * Protobuf in Confluent's form (`java/WriteEvents.java`), and the schemas that they registered. Needs mvn and javac:
 * `deno run -A tests/adapters/schema_registry/write_service_fixtures.ts`.
 */
import { SmallRegistry } from "./small_registry.ts";

const java = new URL("java/", import.meta.url).pathname;
const target = new URL("../../fixtures/registry/service/", import.meta.url).pathname;
const work = await Deno.makeTempDir();

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd: work }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${work}/lib`];
await run("mvn", ["-q", "-B", "-f", `${java}serdes_pom.xml`, ...goal]);
await run("javac", ["-encoding", "UTF-8", "-cp", `${work}/lib/*`, "-d", work, `${java}WriteEvents.java`]);
for (const schema of ["order.json", "key.json"]) await Deno.copyFile(`${java}${schema}`, `${work}/${schema}`);
await using registry = new SmallRegistry();
const encoding = ["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"];
const args = ["-cp", `${work}/lib/*:${work}`, "WriteEvents", `${registry.url}/apis/registry/v2`];
const lines = await run("java", [...encoding, ...args]);
await Deno.mkdir(target, { recursive: true });
await Deno.writeTextFile(`${target}records.jsonl`, lines);
await Deno.writeTextFile(`${target}schemas.json`, JSON.stringify(registry.registered(), null, 1) + "\n");
await Deno.remove(work, { recursive: true });
