import { assert, assertEquals } from "@std/assert";
import { readText } from "../compose/compose_files.ts";
import { parseDockerfile, permissionsOf, textsOf } from "../compose/dockerfile.ts";
import { fragmentsOf } from "./kubernetes.ts";

const page = readText("docs/deploying.md");
const blocks = fragmentsOf(page, "sh").map((block) => block.replaceAll(/\\\n\s*/g, ""));

Deno.test("docs/deploying.md runs the image's own program, with the addresses of the page's environment", () => {
  const image = parseDockerfile(readText("compose/Dockerfile")).at(-1)!;
  const own: string[] = [
    ...JSON.parse(textsOf(image, "ENTRYPOINT")[0]),
    ...JSON.parse(textsOf(image, "CMD")[0]),
  ];
  const run = blocks.flatMap((block) => block.split("\n")).find((line) => line.startsWith("docker run "))!;
  const [options, program] = run.replaceAll("'", "").split(" weir run ");
  const words = ["/bin/deno", "run", ...program.split(/\s+/)];
  const withoutNet = (all: readonly string[]) => all.filter((word) => !word.startsWith("--allow-net="));
  assertEquals(withoutNet(words), withoutNet(own));
  assert(options.includes(`--entrypoint ${own[0]}`), options);

  const [environment] = blocks.filter((block) => block.includes("export KAFKA_BROKERS="));
  const [, broker] = /KAFKA_BROKERS=(\S+)/.exec(environment)!;
  const [, clickhouse] = /CLICKHOUSE_URL=(\S+)/.exec(environment)!;
  const [, host] = /`WEIR_HOST=([\d.]+)`/.exec(page)!;
  const [, port] = /--publish 127\.0\.0\.1:\d+:(\d+)/.exec(options)!;
  assertEquals(permissionsOf(words)["--allow-net"], [`${host}:${port}`, broker, new URL(clickhouse).host]);
});
