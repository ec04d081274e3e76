/**
 * The real services without Docker: `deno run -A tests/stack/stack.ts up [--all | --kafka] | down [--wipe] | wipe | status`.
 * Environment: WEIR_STACK (folder, default .stack), WEIR_STACK_PORT_OFFSET (added to every port).
 */
import { parseArgs } from "node:util";
import { stackDown, stackStatus, stackUp } from "./mod.ts";

const usage = `usage: deno run -A tests/stack/stack.ts <command>
  up [--all]      start everything (with --all also Prometheus) and wait until the connector streams
  up --kafka      start only ZooKeeper and Kafka
  down [--wipe]   end it; with --wipe also delete its data
  wipe            the same as down --wipe
  status          what runs; exit code 1 if something needed does not`;

async function main(args: string[]): Promise<number> {
  const { positionals: [command], values } = parseArgs({
    args,
    allowPositionals: true,
    options: { all: { type: "boolean" }, kafka: { type: "boolean" }, wipe: { type: "boolean" } },
  });
  const started = performance.now();
  const onProgress = (line: string) => {
    console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  };
  switch (command) {
    case "up": {
      const { kafka, connect, postgres } = await stackUp({ all: values.all, kafkaOnly: values.kafka, onProgress });
      onProgress(`up: Kafka ${kafka}, Connect ${connect}, PostgreSQL ${postgres.host}:${postgres.port}`);
      return 0;
    }
    case "down":
    case "wipe":
      await stackDown({ wipe: values.wipe || command === "wipe", onProgress });
      return 0;
    case "status":
      return await status();
    default:
      console.error(usage);
      return 2;
  }
}

async function status(): Promise<number> {
  const { services, connector } = await stackStatus();
  for (const { name, pid, answers, residentMiB } of services) {
    const state = pid === null ? "down" : answers ? "up" : "not answering";
    console.log(`${name.padEnd(11)} ${state.padEnd(14)} ${pid === null ? "" : `pid ${pid}, ${residentMiB} MiB`}`);
  }
  console.log(`${"connector".padEnd(11)} ${connector}`);
  const needed = services.filter(({ name }) => name !== "prometheus");
  return needed.every(({ answers }) => answers) && connector === "RUNNING" ? 0 : 1;
}

if (import.meta.main) {
  try {
    // Explicit: kafkajs may leave timers behind that would keep the process for a while.
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
