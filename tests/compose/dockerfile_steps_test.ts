import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCompose, readText } from "./compose_files.ts";
import { buildImage, type BuiltImage, imageMissing } from "./built_image.ts";
import { freePort } from "../free_port.ts";

const ignore = imageMissing !== null;
const suffix = ignore ? ` (${imageMissing})` : "";
const START_MS = 60_000;
const END_MS = 10_000;

let image: BuiltImage;
let port: number;

Deno.test.beforeAll(async () => {
  if (ignore) return;
  image = await buildImage();
  for (const secret of ["weir_writer_password", "weir_store_password"]) {
    await Deno.writeTextFile(`${image.root}/run/secrets/${secret}`, "not-the-password");
  }
  port = freePort();
});

Deno.test.afterAll(async () => {
  if (!ignore) await image.remove();
});

/**
 * A command of the image with another program in place of its own, and with the tests' port in place of the image's.
 */
function withFlags(command: readonly string[], program: readonly string[]): string[] {
  const flags = command.slice(0, command.findIndex((word) => word.endsWith(".ts")));
  return [
    ...flags.map((word) => word.replaceAll(/(0\.0\.0\.0|127\.0\.0\.1):8686/g, `127.0.0.1:${port}`)),
    ...program,
  ];
}

function weirEnvironment(): Record<string, string> {
  return { ...readCompose("compose.yaml").services.weir.environment, WEIR_HOST: "127.0.0.1", WEIR_PORT: String(port) };
}

function allFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? allFiles(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

Deno.test({
  name: `Dockerfile's steps make an image without secrets, tests and the embedded ClickHouse${suffix}`,
  ignore,
  fn() {
    const files = allFiles(image.root).map((file) => file.slice(image.root.length));
    const bytes = files.reduce((sum, file) => sum + Deno.lstatSync(`${image.root}${file}`).size, 0);
    assert(bytes < 100 * 2 ** 20, `${bytes} bytes`);
    const wrong = /chdb|\/\.env$|\/tests\/|\.pem$|\.key$|_password$/;
    assertEquals(
      files.filter((file) =>
        wrong.test(file) && !file.startsWith("/run/secrets/") && !/\/src\/|node_modules/.test(file)
      ),
      [],
    );
    assertEquals(files.filter((file) => /@chdb|\/chdb\//.test(file)), []);
    console.log(`image: ${files.length} files, ${(bytes / 2 ** 20).toFixed(0)} MiB beside Deno`);
  },
});

Deno.test({
  name: `the image's command starts with its own flags, tells its health, and ends in order on SIGTERM${suffix}`,
  ignore,
  async fn() {
    const command = [...withFlags(image.command, ["src/main.ts"]), "start"];
    const child = image.spawn(command, weirEnvironment());
    const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    let ended = false;
    child.status.then(() => ended = true);
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    for (const deadline = Date.now() + START_MS;;) {
      if (await get("/livez").then(({ status }) => status === 200, () => false)) break;
      if (ended || Date.now() > deadline) {
        if (!ended) child.kill("SIGKILL");
        throw new Error(`the program does not answer: ${(await output).join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // There is no Kafka of this name here: alive, not ready, and saying so.
    assertEquals((await get("/readyz")).status, 503);
    assertStringIncludes((await get("/metrics")).text, "process_resident_memory_bytes");
    const health = withFlags(image.healthcheck, ["compose/weir/health.ts", String(port)]);
    const sick = await image.run(health);
    assertEquals(sick.code, 1);
    assertStringIncludes(sick.text, "not ready");
    const told = Date.now();
    child.kill("SIGTERM");
    const { code } = await child.status;
    const text = (await output).join("\n");
    assertEquals(code, 0, text);
    assert(Date.now() - told < END_MS, `${Date.now() - told} ms`);
    assert(!/NotCapable|Requires \w+ access/.test(text), text);
    assert(!text.includes("not-the-password"));
    assert(Deno.statSync(`${image.root}/data/dlq.db`).isFile);
  },
});

Deno.test({
  name: `the image's health check succeeds on an instance that is ready, and fails where none is${suffix}`,
  ignore,
  async fn() {
    const health = withFlags(image.healthcheck, ["compose/weir/health.ts", String(port)]);
    assertEquals((await image.run(health)).code, 1);
    const ready = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, () => new Response("ok\n"));
    assertEquals((await image.run(health)).code, 0);
    await ready.shutdown();
  },
});

Deno.test({
  name: `the image's flags allow what the program needs and refuse everything else${suffix}`,
  ignore,
  async fn(t) {
    const probe = image.inside(readText("tests/compose/permission_probe.ts"));
    // Beside the program, as if somebody had got it to run code of theirs.
    await Deno.chmod(`${image.root}/app`, 0o755);
    await Deno.writeTextFile(`${image.root}/app/probe.ts`, probe);
    await Deno.chmod(`${image.root}/app`, 0o555);
    const { code, text } = await image.run(withFlags(image.command, ["probe.ts"]), {
      ...weirEnvironment(),
      AWS_SECRET_ACCESS_KEY: "x",
    });
    assertEquals(code, 0, text);
    const results: Record<string, string> = JSON.parse(text.split("\n").find((line) => line.startsWith("{"))!);
    for (const [attempt, result] of Object.entries(results)) {
      await t.step(attempt, () => assertEquals(result, attempt.startsWith("may ") ? "done" : "refused"));
    }
    assert(Object.keys(results).length >= 15);
  },
});

Deno.test({
  name: `the one-shot programs start under the flags that compose.yaml gives them${suffix}`,
  ignore,
  async fn() {
    const { services } = readCompose("compose.yaml");
    const kafka = await image.run(services["kafka-init"].entrypoint!, {});
    assertEquals([kafka.code, kafka.text.trim()], [1, "Cannot prepare Kafka: KAFKA_BROKERS is missing"]);
    await Deno.writeTextFile(
      `${image.root}/run/secrets/debezium.properties`,
      "user=debezium\npassword=not-the-password\n",
    );
    const environment = { ...services["connector-init"].environment, DEADLINE_SECONDS: "0" };
    const connector = await image.run(services["connector-init"].entrypoint!, environment);
    assertEquals(connector.code, 1);
    assertStringIncludes(connector.text, 'Cannot configure connector "online-store"');
    for (const { text } of [kafka, connector]) {
      assert(!/NotCapable|Requires \w+ access|not-the-password/.test(text), text);
    }
  },
});
