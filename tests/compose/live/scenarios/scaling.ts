import { until } from "../../../stack/e2e/steps.ts";
import { equal } from "../badge.ts";
import { askConsole } from "../console.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const INSTANCES = 3;
const SCALE_MS_MAX = 240_000;

/** Three instances of Weir, and one again. */
export const scaling: Scenario = {
  title: `${INSTANCES} instances of Weir, and back to one`,
  async run(stage) {
    const { steps, profile } = stage;
    const shape = { profile, scale: true };
    const withinMs = SCALE_MS_MAX;
    const scaled = (count: number) => ["--scale", `weir=${count}`];
    await steps.step(`${INSTANCES} instances are healthy`, (signal) => stage.up(shape, scaled(INSTANCES), signal), {
      withinMs,
    });
    await steps.step("each has a port of its own", () => ownPorts(stage));
    await steps.step("each asks all the others", (signal) => askEachOther(stage, signal), { withinMs });
    await steps.step("Prometheus finds each of them", (signal) => targets(stage, signal), { withinMs });
    await changeStore(stage);
    await verify(stage, `with ${INSTANCES} instances`);
    await steps.step("the proof judges the rows of all of them", async (signal) => {
      const [{ published: [host] }] = await stage.of("weir");
      return await equal(stage, { signal, host });
    }, { withinMs });
    await steps.step("one is left", (signal) => stage.up({ profile }, scaled(1), signal), { withinMs });
    await steps.step("its port is the fixed one", async () => {
      const [{ published }] = await stage.of("weir");
      if (published[0] !== `127.0.0.1:${stage.port(8686)}`) throw new Error(published.join(", "));
    });
    await changeStore(stage);
    await verify(stage, "with one instance again");
  },
};

async function ownPorts(stage: Stage): Promise<string> {
  const ports = (await stage.of("weir")).flatMap(({ published }) => published);
  if (new Set(ports).size !== INSTANCES) throw new Error(ports.join(", "));
  for (const port of ports) {
    const response = await fetch(`http://${port}/readyz`);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${port} answers ${response.status}`);
  }
  return ports.join(", ");
}

/** Whichever is asked tells of all, and names none that does not answer. */
function askEachOther(stage: Stage, signal: AbortSignal): Promise<string> {
  return until(async () => {
    const ports = (await stage.of("weir")).flatMap(({ published }) => published);
    const answers = await Promise.all(ports.map(async (port) => {
      const { instances } = await (await askConsole(stage, "/api/state?once=true", { host: port })).json();
      return instances as { readonly problem: string | null }[];
    }));
    const whole = answers.every((all) => all.length === INSTANCES && all.every(({ problem }) => problem === null));
    return whole && `${ports.length} instances, each of which tells of all`;
  }, { signal, everyMs: 1_000 });
}

function targets(stage: Stage, signal: AbortSignal): Promise<string> {
  const url = `http://127.0.0.1:${stage.port(9090)}/api/v1/query?query=${encodeURIComponent('sum(up{job="weir"})')}`;
  return until(async () => {
    const { data } = await (await fetch(url)).json();
    const value = data?.result?.[0]?.value?.[1];
    return value === String(INSTANCES) && `${value} targets`;
  }, { signal, everyMs: 1_000 });
}
