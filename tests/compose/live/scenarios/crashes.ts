import { until } from "../../../stack/e2e/steps.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const HEAL_MS_MAX = 240_000;

/** Every part of the stack, in the order in which the data flows. */
const EVERYTHING: readonly string[] = [
  "postgres",
  "debezium",
  "zookeeper",
  "kafka",
  "weir",
  "clickhouse",
  "postgres-exporter",
  "prometheus",
  "grafana",
];

/** The main process of each of these services is killed while the store changes, and everything heals by itself. */
export function crashes(services: readonly string[] = EVERYTHING): Scenario {
  return {
    title: `kill -9 of ${services === EVERYTHING ? "each main process" : services.join(", ")}`,
    async run(stage) {
      for (const service of services) {
        await stage.steps.step(`${service} is killed and heals`, (signal) => crash(stage, service, { signal }), {
          withinMs: HEAL_MS_MAX,
        });
        await verify(stage, `after the crash of ${service}`);
      }
    },
  };
}

async function crash(stage: Stage, service: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const [{ pid, restarts }] = await stage.of(service);
  await changeStore(stage);
  const startedMs = performance.now();
  // `docker kill` would count as somebody's wish, and the engine would not start it again.
  await stage.tools(["--pid", "host"], ["kill", "-9", String(pid)]);
  await until(async () => (await stage.of(service))[0].restarts > restarts, { signal, everyMs: 200 });
  if (service !== "postgres") await changeStore(stage);
  await stage.well(signal);
  return `well after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}
