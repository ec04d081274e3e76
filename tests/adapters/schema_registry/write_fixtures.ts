/**
 * Writes `tests/fixtures/registry`: records that the connector wrote as JSON with schemas (`tests/fixtures/debezium`),
 * written again by Apicurio's AvroConverter in Confluent's form, and the schemas that it registered. Needs mvn and
 * javac: `deno run -A tests/adapters/schema_registry/write_fixtures.ts`.
 */
import { SmallRegistry } from "./small_registry.ts";

const here = new URL(".", import.meta.url).pathname;
const fixtures = new URL("../../fixtures/", import.meta.url).pathname;
const files = ["l_schemas_enable", "m2_decimal_precise_schema"];
const work = await Deno.makeTempDir();

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd: work }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const pom = new URL("../../stack/etc/avro_converter_pom.xml", import.meta.url).pathname;
await run("mvn", ["-q", "-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${work}/lib`]);
await run("javac", ["-cp", `${work}/lib/*`, "-d", work, `${here}java/WriteRecords.java`]);
await using registry = new SmallRegistry();
for (const file of files) {
  const url = `${registry.url}/apis/registry/v2`;
  const source = `${fixtures}debezium/${file}.jsonl`;
  const lines = await run("java", ["-cp", `${work}/lib/*:${work}`, "WriteRecords", url, source]);
  await Deno.writeTextFile(`${fixtures}registry/${file}.jsonl`, lines);
}
await Deno.writeTextFile(`${fixtures}registry/schemas.json`, JSON.stringify(registry.registered(), null, 1) + "\n");
await Deno.remove(work, { recursive: true });
