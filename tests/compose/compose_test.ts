import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { derivedFiles, passwordNames, type Passwords } from "../../tools/secrets/passwords.ts";
import { certificateFiles } from "../../tools/secrets/certificates.ts";
import { clickstream, payments } from "../../topologies/online_store/events.ts";
import { composeProblems } from "./compose_schema.ts";
import { projectPath, readCompose, readText, secretName, type Service } from "./compose_files.ts";

const compose = readCompose("compose.yaml");
const secure = readCompose("compose.secure.yaml");
const scale = readCompose("compose.scale.yaml");
const services = Object.entries(compose.services);
const tasks = ["kafka-init", "connector-init"];

/** What each service must have, exactly. */
const expected: Record<
  string,
  { ports?: string[]; volumes?: string[]; secrets?: string[]; user?: string; memory: string }
> = {
  postgres: {
    ports: ["127.0.0.1:5432:5432"],
    volumes: ["postgres_data:/var/lib/postgresql/data", "./init/postgres:/docker-entrypoint-initdb.d:ro"],
    secrets: ["postgres_password", "debezium_password", "verifier_password", "postgres_exporter_password"],
    user: "postgres",
    memory: "1g",
  },
  zookeeper: {
    ports: ["127.0.0.1:2181:2181"],
    volumes: ["zookeeper_data:/var/lib/zookeeper/data", "zookeeper_log:/var/lib/zookeeper/log"],
    memory: "384m",
  },
  kafka: { ports: ["127.0.0.1:9092:9092"], volumes: ["kafka_data:/var/lib/kafka/data"], memory: "1g" },
  "kafka-init": { memory: "256m" },
  debezium: { ports: ["127.0.0.1:8083:8083"], secrets: ["debezium.properties"], memory: "1280m" },
  "connector-init": { secrets: ["debezium.properties"], memory: "256m" },
  clickhouse: {
    ports: ["127.0.0.1:8123:8123", "127.0.0.1:9000:9000"],
    volumes: [
      "clickhouse_data:/var/lib/clickhouse",
      "./init/clickhouse/01_databases.sql:/docker-entrypoint-initdb.d/01_databases.sql:ro",
      "./init/clickhouse/server.xml:/etc/clickhouse-server/config.d/10_online_store.xml:ro",
      "./init/clickhouse/users.xml:/etc/clickhouse-server/users.d/online_store.xml:ro",
    ],
    secrets: ["clickhouse_passwords.xml"],
    user: "101:101",
    memory: "4g",
  },
  weir: {
    ports: ["127.0.0.1:8686:8686"],
    volumes: ["weir_data:/data"],
    secrets: ["weir_writer_password", "weir_store_password"],
    memory: "2g",
  },
  "weir-proof": { secrets: ["weir_proof_password", "verifier_password", "weir_store_password"], memory: "1280m" },
  "postgres-exporter": { secrets: ["postgres_exporter_password"], memory: "64m" },
  prometheus: {
    ports: ["127.0.0.1:9090:9090"],
    volumes: [
      "prometheus_data:/prometheus",
      "./prometheus.yml:/etc/prometheus/prometheus.yml:ro",
      "./prometheus/rules:/etc/prometheus/rules:ro",
    ],
    memory: "512m",
  },
  grafana: {
    ports: ["127.0.0.1:3000:3000"],
    volumes: [
      "grafana_data:/var/lib/grafana",
      "../grafana/provisioning:/etc/grafana/provisioning:ro",
      "../grafana/dashboards:/var/lib/grafana/dashboards:ro",
    ],
    secrets: ["grafana_admin_password", "grafana_reader_password"],
    memory: "768m",
  },
};

/** What each health check must really ask. */
const health: Record<string, string> = {
  postgres: "FROM pg_publication WHERE pubname = 'dbz_publication'",
  zookeeper: "echo srvr",
  kafka: "kafka_server_broker_state 3.0",
  debezium: "http://127.0.0.1:8083/connectors",
  clickhouse: "EXISTS DATABASE online_store",
  weir: "compose/weir/health.ts",
  "postgres-exporter": "pg_up 1",
  prometheus: "http://127.0.0.1:9090/-/ready",
  grafana: "http://127.0.0.1:3000/api/health",
};

const waitsFor: Record<string, Record<string, string>> = {
  kafka: { zookeeper: "service_healthy" },
  "kafka-init": { kafka: "service_healthy" },
  debezium: { "kafka-init": "service_completed_successfully", postgres: "service_healthy" },
  "connector-init": { debezium: "service_healthy", postgres: "service_healthy" },
  weir: { "kafka-init": "service_completed_successfully", clickhouse: "service_healthy" },
  "weir-proof": { postgres: "service_healthy", clickhouse: "service_healthy" },
  "postgres-exporter": { postgres: "service_healthy" },
  grafana: { clickhouse: "service_healthy", prometheus: "service_healthy" },
};

Deno.test("compose files agree with the Compose Specification's schema", () => {
  for (const file of [compose, secure, scale]) assertEquals(composeProblems(file), []);
  assert(composeProblems({ services: { weir: { image: "x", port: ["1:1"] } } }).length > 0, "it refuses nothing");
});

Deno.test("compose.yaml has exactly the services, ports, volumes, secrets, users and limits that it should", () => {
  assertEquals(services.map(([name]) => name).sort(), Object.keys(expected).sort());
  for (const [name, service] of services) {
    const { ports = [], volumes = [], secrets = [], user, memory } = expected[name];
    assertEquals(service.ports ?? [], ports, name);
    assertEquals(service.volumes ?? [], volumes, name);
    assertEquals((service.secrets ?? []).map(secretName), secrets, name);
    assertEquals(service.user, user, name);
    assertEquals(service.mem_limit, memory, name);
    assertEquals(service.restart, tasks.includes(name) ? "on-failure:5" : "unless-stopped", name);
    const conditions = Object.entries(service.depends_on ?? {}).map(([other, { condition }]) => [other, condition]);
    assertEquals(Object.fromEntries(conditions), waitsFor[name] ?? {}, name);
  }
});

Deno.test("compose files publish on 127.0.0.1 alone, fixed ports but for several instances of weir", () => {
  for (const file of [compose, secure, scale]) {
    for (const [name, { ports = [], container_name }] of Object.entries(file.services)) {
      for (const port of ports) assert(port.startsWith("127.0.0.1:"), `${name}: ${port}`);
      // With a range, a new container gets another port than the one before it.
      if (file !== scale) {
        for (const port of ports) assert(/^127\.0\.0\.1:(\d+):\d+$/.test(port), `${name}: ${port}`);
      }
      assertEquals(container_name, undefined, name);
    }
  }
  assertEquals(Object.keys(scale.services), ["weir"]);
  const [, first, last] = /^127\.0\.0\.1:(\d+)-(\d+):8686$/.exec(scale.services.weir.ports![0])!;
  assert(Number(last) - Number(first) >= 2);
});

Deno.test("compose.yaml builds each image under a name of its own", () => {
  const built = services.filter(([, { build }]) => build !== undefined).map(([, { image }]) => image);
  assertEquals(built.length, 6);
  assertEquals(built.length, new Set(built).size);
});

Deno.test("compose.yaml stops Kafka before ZooKeeper is replaced", () => {
  assertEquals(compose.services.kafka.depends_on!.zookeeper, { condition: "service_healthy", restart: true });
});

Deno.test("compose.yaml pins every image, and every Dockerfile the ones it begins with", () => {
  const pinned = /^[\w./-]+:v?\d[\w.-]*$|^denoland\/deno:(debian|distroless)-2\.9\.\d+$/;
  const images = services.map(([, { image }]) => image);
  const begun = ["compose/Dockerfile", "compose/kafka/Dockerfile", "compose/debezium/Dockerfile"].flatMap((file) =>
    [...readText(file).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  );
  for (const image of [...images, ...begun]) assert(pinned.test(image), image);
  assertStringIncludes(compose.services.postgres.image, ":15.");
  assertEquals(begun.filter((image) => image.startsWith("confluentinc/cp-kafka:7.9.")).length, 1);
  for (const file of ["compose/kafka/Dockerfile", "compose/debezium/Dockerfile"]) {
    assert(/^ADD --checksum=sha256:[0-9a-f]{64} /m.test(readText(file)), file);
  }
});

Deno.test("compose.yaml gives no container more rights than it needs", () => {
  for (const [name, service] of services) {
    assertEquals(service.cap_drop, ["ALL"], name);
    assertEquals(service.security_opt, ["no-new-privileges:true"], name);
    assertEquals([service.cap_add, service.privileged], [undefined, undefined], name);
  }
  for (const name of ["weir", "weir-proof", ...tasks, "prometheus", "postgres-exporter"]) {
    assertEquals(compose.services[name].read_only, true, name);
  }
});

Deno.test("compose.yaml checks the health of every service by what it is for", () => {
  for (const [name, { healthcheck }] of services) {
    // A task has ended long before a check could say anything, and the image's own check is for `start`; what the
    // proof is worth an instance says.
    if ([...tasks, "weir-proof"].includes(name)) assertEquals(healthcheck, { disable: true }, name);
    else assertStringIncludes(healthcheck!.test!.join(" "), health[name]);
  }
});

Deno.test("compose files hold no secret, and name only those that the secrets tool makes", () => {
  const names = Object.fromEntries(passwordNames.map((name) => [name, name])) as Passwords;
  const made = [...passwordNames, ...Object.keys(derivedFiles(names)), ...Object.values(certificateFiles).flat()];
  const declared = { ...compose.secrets, ...secure.secrets };
  for (const [name, { file }] of Object.entries(declared)) {
    assert(made.includes(name), name);
    assert(/^\$\{(SECRETS|CERTIFICATES):\?[^}]*deno task secrets\}\//.test(file), file);
    assert(file.endsWith(`/${name}`), file);
  }
  assertEquals(declared["ca.key" as keyof typeof declared], undefined);
  const used = [compose, secure].flatMap((file) =>
    Object.values(file.services).flatMap(({ secrets = [] }) => secrets.map(secretName))
  );
  assertEquals([...new Set(used)].sort(), Object.keys(declared).sort());
  for (const file of [compose, secure]) {
    for (const [name, { environment = {} }] of Object.entries(file.services)) {
      for (const [key, value] of Object.entries(environment)) {
        if (!/PASS|SECRET|TOKEN|JAAS/.test(key)) assert(!/password=/i.test(value), `${name}: ${key}`);
        else {assert(
            /_FILE$/.test(key) ? value.startsWith("/run/secrets/") : value.includes("${file:/run/secrets/"),
            `${name}: ${key}`,
          );}
      }
    }
  }
});

Deno.test("compose files mount only what exists, and hand over every file that is named", () => {
  for (const file of [compose, secure]) {
    for (const [name, { volumes = [], build }] of Object.entries(file.services)) {
      for (const volume of volumes) {
        const [source] = volume.split(":");
        if (source.startsWith(".")) Deno.statSync(projectPath(`compose/${source}`));
        else assert(source in compose.volumes, `${name}: ${source}`);
      }
      if (build !== undefined) {
        Deno.statSync(projectPath(`compose/${build.context}/${build.dockerfile ?? "Dockerfile"}`));
      }
    }
  }
  const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0]));
  for (const volume of Object.keys(compose.volumes)) assert(used.includes(volume), volume);
  for (const [name, service] of services) {
    assertFilesGiven(
      name,
      [service, secure.services[name]].filter((one) => one !== undefined),
    );
  }
});

/** Every path under /run/secrets that a service's environment names must be among its secrets. */
function assertFilesGiven(name: string, layers: readonly Service[]): void {
  const given = layers.flatMap(({ secrets = [] }) => secrets.map(secretName));
  for (const { environment = {} } of layers) {
    for (const [, file] of Object.values(environment).join("\n").matchAll(/\/run\/secrets\/([\w.]+)/g)) {
      assert(given.includes(file), `${name}: ${file}`);
    }
  }
}

Deno.test("compose.yaml agrees with the files it stands on", async (t) => {
  const environment = (name: string) => compose.services[name].environment!;
  await t.step("Kafka: broker id, listeners, no topics by accident", () => {
    const kafka = environment("kafka");
    assertEquals([kafka.KAFKA_BROKER_ID, kafka.KAFKA_AUTO_CREATE_TOPICS_ENABLE], ["1", "false"]);
    assertEquals(kafka.KAFKA_ADVERTISED_LISTENERS, "INTERNAL://kafka:29092,EXTERNAL://localhost:9092");
    assert(!("KAFKA_OPTS" in kafka), "tools in the container would start the agent a second time");
    assertStringIncludes(readText("compose/kafka/start.sh"), "-javaagent:/opt/jmx/agent.jar=7071:");
  });
  await t.step("topics: six partitions; tables compacted, tombstones and events kept for a week", () => {
    const topics: { name: string; partitions: number; config: Record<string, string> }[] = JSON.parse(
      readText("compose/kafka/topics.json"),
    );
    const tables = ["users", "sellers", "products", "orders", "order_items"];
    const compacted = tables.map((table) => `online_store.public.${table}`);
    assertEquals(topics.map(({ name }) => name), [...compacted, clickstream.spec.topic, payments.spec.topic]);
    for (const { name, partitions, config } of topics) {
      const [cleanup, time] = compacted.includes(name)
        ? ["compact", "delete.retention.ms"]
        : ["delete", "retention.ms"];
      assertEquals([partitions, config["cleanup.policy"]], [6, cleanup]);
      assert(Number(config[time]) >= 7 * 86_400_000);
    }
  });
  await t.step("connector: addresses, slot, filters and passwords", () => {
    const connector: Record<string, string> = JSON.parse(readText("compose/debezium/postgres-connector.json"));
    const init = environment("connector-init");
    assertEquals(connector["database.hostname"], init.PGHOST);
    assertEquals(connector["database.dbname"], environment("postgres").POSTGRES_DB);
    assertEquals(connector["schema.include.list"], "public");
    assertEquals(connector["table.include.list"].split(",").length, 5);
    for (const key of ["database.user", "database.password"]) {
      assertStringIncludes(connector[key], "${file:/run/secrets/debezium.properties:");
    }
    assertStringIncludes(readText("compose/init/postgres/03_publication.sql"), connector["publication.name"]);
    for (const table of [connector["signal.data.collection"], "public.debezium_heartbeat"]) {
      assertStringIncludes(readText("compose/init/postgres/03_publication.sql"), table.replace("public.", ""));
    }
    assertEquals(environment("debezium").CONNECT_CONFIG_PROVIDERS, "file");
  });
  await t.step("PostgreSQL: logical decoding with a limit on what a slot may keep", () => {
    const command = compose.services.postgres.command!.join(" ");
    assertStringIncludes(command, "wal_level=logical");
    assertStringIncludes(command, "max_slot_wal_keep_size=4GB");
  });
  await t.step("Grafana: nobody gets in without a password", () => {
    const grafana = environment("grafana");
    assertEquals([grafana.GF_AUTH_ANONYMOUS_ENABLED, grafana.GF_USERS_ALLOW_SIGN_UP], ["false", "false"]);
    assert(/^grafana-clickhouse-datasource@4\./.test(grafana.GF_PLUGINS_PREINSTALL_SYNC));
  });
});
