import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCompose, readText } from "../compose/compose_files.ts";
import { kafkaInImage, versions } from "./layout.ts";

/** `group:artifact` of each dependency that a pom names, to its version. */
function dependencies(pom: string): Record<string, string> {
  const text = readText(`tests/stack/etc/${pom}`);
  const property = (name: string) => text.match(`<${name}>(.*)</${name}>`)?.[1] ?? "";
  const found = [...text.matchAll(/<dependency>(.*?)<\/dependency>/gs)].map(([, block]) => {
    const [group, artifact, version] = ["groupId", "artifactId", "version"].map((tag) =>
      block.match(`<${tag}>(.*)</${tag}>`)?.[1] ?? ""
    );
    return [`${group}:${artifact}`, version.replace(/\$\{(.*)\}/, (_, name) => property(name))] as const;
  });
  return Object.fromEntries(found);
}

/** Image of a service, or the one that its Dockerfile begins with, as name and tag. */
function imageOf(service: "zookeeper" | "kafka" | "debezium"): { name: string; tag: string } {
  const { image, build } = readCompose("compose.yaml").services[service];
  const base = build === undefined
    ? image
    : readText(`compose/${service}/Dockerfile`).match(/^FROM (\S+)$/m)?.[1] ?? "";
  const [name, tag] = base.split(":");
  return { name, tag };
}

/** `3.6` of `3.6.3.Final`. */
function lineOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

Deno.test("versions are those that the poms ask for", () => {
  const kafka = Object.entries(dependencies("kafka_pom.xml")).filter(([name]) => name.startsWith("org.apache.kafka:"));
  assertEquals(Object.fromEntries(kafka), {
    "org.apache.kafka:kafka_2.13": versions.kafka,
    "org.apache.kafka:kafka-tools": versions.kafka,
  });
  const connect = Object.entries(dependencies("connect_pom.xml")).filter(([, version]) => version === versions.connect);
  assertEquals(connect.map(([name]) => name).sort(), [
    "org.apache.kafka:connect-json",
    "org.apache.kafka:connect-runtime",
    "org.apache.kafka:connect-transforms",
  ]);
  assertEquals(dependencies("jmx_pom.xml"), { "io.prometheus.jmx:jmx_prometheus_javaagent": versions.jmxExporter });
});

Deno.test("versions.kafka is what Confluent's images in compose/ have", () => {
  const { name, tag } = imageOf("kafka");
  assertEquals(name, "confluentinc/cp-kafka");
  assertEquals(kafkaInImage[name][lineOf(tag)], lineOf(versions.kafka), `${name}:${tag}`);
  assertEquals(imageOf("zookeeper"), { name: "confluentinc/cp-zookeeper", tag });
});

Deno.test("versions.connect is what Debezium's image in compose/ has", () => {
  const { name, tag } = imageOf("debezium");
  assertEquals({ name, tag }, { name: "quay.io/debezium/connect", tag: versions.debezium });
  assertEquals(kafkaInImage[name][lineOf(tag)], versions.connect, `${name}:${tag}`);
});

Deno.test("versions.jmxExporter is the agent in both images of compose/", () => {
  for (const service of ["kafka", "debezium"] as const) {
    const agent = `/${versions.jmxExporter}/jmx_prometheus_javaagent-${versions.jmxExporter}.jar`;
    assertStringIncludes(readText(`compose/${service}/Dockerfile`), agent);
    const { image } = readCompose("compose.yaml").services[service];
    assertEquals(image, `online-store/${service}:${imageOf(service).tag}-jmx${versions.jmxExporter}`);
  }
});

Deno.test("the names in tests/compose/data/metrics are recorded from these versions", () => {
  const text = readText("tests/compose/data/README.md").replaceAll(/\s+/g, " ");
  const debezium = versions.debezium.replace(".Final", "");
  const said = `JMX agent ${versions.jmxExporter} on Kafka ${versions.kafka} and on Connect ${versions.connect} with ` +
    `Debezium ${debezium} `;
  assert(text.includes(said), `README.md does not say "${said}"`);
});
