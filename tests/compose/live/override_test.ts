import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { readText } from "../compose_files.ts";
import { documentedCommands } from "./documented.ts";
import { imageName, movedPort, overrideText } from "./override.ts";

Deno.test("overrideText() moves ports, images, networks and limits, and nothing else", () => {
  const text = overrideText({
    services: {
      kafka: {
        image: "online-store/kafka:1",
        build: { context: "/c", dockerfile: "Dockerfile" },
        ports: [{ published: "9092", target: 9092 }],
        environment: { KAFKA_ADVERTISED_LISTENERS: "INTERNAL://kafka:29092,EXTERNAL://localhost:9092", OTHER: "x" },
      },
      clickhouse: { image: "clickhouse:1", ulimits: { nofile: { hard: 262144 } } },
      postgres: { image: "postgres:15", ulimits: { nofile: { hard: 1024 } } },
    },
    networks: { b: {}, a: {} },
    volumes: {},
  }, { project: "mine", portOffset: 10_000, addresses: "10.9", openFilesMax: 4096 });
  assertStringIncludes(text, "ports: !override");
  assertEquals(parse(text, { logLevel: "error" }), {
    services: {
      kafka: {
        image: "mine/kafka:1",
        environment: { KAFKA_ADVERTISED_LISTENERS: "INTERNAL://kafka:29092,EXTERNAL://localhost:19092" },
        ports: ["127.0.0.1:19092:9092"],
      },
      clickhouse: { ulimits: { nofile: { soft: 4096, hard: 4096 } } },
    },
    networks: {
      a: { ipam: { config: [{ subnet: "10.9.0.0/28" }] } },
      b: { ipam: { config: [{ subnet: "10.9.0.16/28" }] } },
    },
  });
});

Deno.test("movedPort() moves a range as a whole, and imageName() changes the first part alone", () => {
  assertEquals(movedPort("8686-8695", 10_000), "18686-18695");
  assertEquals(imageName("mine", "online-store/debezium:3.6.3.Final-jmx1.0.1"), "mine/debezium:3.6.3.Final-jmx1.0.1");
});

Deno.test("documentedCommands() finds the blocks that the scenarios run", () => {
  const [dump, restore, copy, back] = documentedCommands("Backup and restore");
  assertStringIncludes(dump, "pg_dump ");
  assertStringIncludes(restore, "pg_restore ");
  assertStringIncludes(copy, "tar -czf");
  assertStringIncludes(back, "tar -xzf");
  assertStringIncludes(documentedCommands("Starting over from PostgreSQL")[0], "pg_drop_replication_slot");
  const volumes = Object.keys(parse(readText("compose/compose.yaml"), { merge: true }).volumes);
  for (const block of [copy, back]) {
    const [, list] = /for volume in (.*); do/.exec(block)!;
    assertEquals(list.split(" ").sort(), volumes.sort());
  }
});
