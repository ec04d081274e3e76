import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { allowed, hasProgram, readText } from "./compose_files.ts";

const missing = !allowed ? " (needs -A)" : hasProgram("bash") ? "" : " (bash is missing)";
const ignore = missing !== "";
const WAIT_MS = 20_000;

/** A start script of an image, with the image's own programs replaced by some that say that they were called. */
interface Script {
  readonly child: Deno.ChildProcess;
  /** All that it has said. */
  said(): string;
  /** Resolves when it has said `text`. */
  says(text: string): Promise<void>;
  end(): Promise<void>;
}

async function startScript(
  file: string,
  { programs, environment, args = [] }: {
    readonly programs: readonly string[];
    readonly environment: Record<string, string>;
    readonly args?: readonly string[];
  },
) {
  const folder = await Deno.makeTempDir({ prefix: "weir-script-" });
  let text = readText(file);
  for (const program of programs) {
    const name = program.split("/").at(-1)!;
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/bash\necho "${name} runs $*"\n`, { mode: 0o755 });
    text = text.replaceAll(program.startsWith("/") ? program : "\0", `${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/script.sh`, text);
  const child = new Deno.Command("bash", {
    args: [`${folder}/script.sh`, ...args],
    env: { PATH: `${folder}:${Deno.env.get("PATH")}`, ...environment },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const done = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) said += part;
  }));
  let [ended, saidAll] = [false, false];
  child.status.then(() => ended = true);
  // What it said last may be read after its end.
  done.then(() => saidAll = true);
  const script: Script = {
    child,
    said: () => said,
    async says(text) {
      for (const deadline = Date.now() + WAIT_MS; !said.includes(text);) {
        assert(Date.now() < deadline && !(saidAll && !said.includes(text)), `it never says "${text}": ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async end() {
      if (!ended) child.kill("SIGKILL");
      await child.status;
      await done;
      await Deno.remove(folder, { recursive: true });
    },
  };
  return script;
}

/** Answers each connection with what `answer` makes of the bytes that come, and closes it. */
function serve(port: number, answer: (command: string) => string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const done = (async () => {
    for await (const connection of listener) {
      const bytes = new Uint8Array(100);
      const count = await connection.read(bytes) ?? 0;
      await connection.write(
        new TextEncoder().encode(answer(new TextDecoder().decode(bytes.subarray(0, count)).trim())),
      );
      connection.close();
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async close() {
      listener.close();
      await done;
    },
  };
}

const PROGRAMS = ["/etc/confluent/docker/run", "kafka-configs"];

Deno.test({
  name: `kafka/start.sh waits for ZooKeeper, and until a former broker's registration is gone${missing}`,
  ignore,
  async fn() {
    const port = freePort();
    const environment = { KAFKA_ZOOKEEPER_CONNECT: `127.0.0.1:${port},other:2181/path`, KAFKA_BROKER_ID: "1" };
    const script = await startScript("compose/kafka/start.sh", { programs: PROGRAMS, environment });
    await script.says("waiting for ZooKeeper at 127.0.0.1");
    let registered = ["/controller", "/brokers/ids/1"];
    const zookeeper = serve(
      port,
      (command) =>
        command === "srvr" ? "Zookeeper version: 3.8\nMode: standalone\n" : `0x1:\n\t${registered.join("\n\t")}\n`,
    );
    try {
      await script.says("waiting until the former broker 1");
      assert(!script.said().includes("run runs"));
      // Another broker's is no obstacle.
      registered = ["/controller", "/brokers/ids/11", "/brokers/ids/2"];
      await script.says("run runs");
      assertEquals((await script.child.status).code, 0);
    } finally {
      await script.end();
      await zookeeper.close();
    }
  },
});

Deno.test({
  name:
    `kafka/start.sh starts at once where ZooKeeper refuses to list registrations, and gives the JMX agent${missing}`,
  ignore,
  async fn() {
    const zookeeper = serve(0, (command) => command === "srvr" ? "Mode: standalone\n" : "dump is not executed\n");
    const environment = { KAFKA_ZOOKEEPER_CONNECT: `127.0.0.1:${zookeeper.port}`, KAFKA_BROKER_ID: "1" };
    const script = await startScript("compose/kafka/start.sh", { programs: PROGRAMS, environment });
    try {
      await script.says("run runs");
      assert(!script.said().includes("waiting"), script.said());
    } finally {
      await script.end();
      await zookeeper.close();
    }
  },
});

Deno.test({
  name: `debezium/start.sh waits for a broker, then starts the image's own script with its arguments${missing}`,
  ignore,
  async fn() {
    const port = freePort();
    const environment = { BOOTSTRAP_SERVERS: `127.0.0.1:${port},other:9092` };
    const programs = ["/docker-entrypoint.sh"];
    const script = await startScript("compose/debezium/start.sh", { programs, environment, args: ["start"] });
    await script.says(`waiting for Kafka at 127.0.0.1:${port}`);
    assert(!script.said().includes("runs"));
    const kafka = serve(port, () => "");
    try {
      await script.says("docker-entrypoint.sh runs start");
    } finally {
      await script.end();
      await kafka.close();
    }
    const other = await startScript("compose/debezium/start.sh", { programs, environment, args: ["bash", "-l"] });
    await other.says("docker-entrypoint.sh runs bash -l");
    assertStringIncludes(
      readText("compose/debezium/Dockerfile"),
      'ENTRYPOINT ["/usr/local/bin/start-connect"]\nCMD ["start"]',
    );
    await other.end();
  },
});
