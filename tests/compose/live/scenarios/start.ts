import { docker, engineVersion, requireImage, tryDocker } from "../engine.ts";
import { verify } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const BUILD_MS_MAX = 15 * 60_000;
const START_MS_MAX = 10 * 60_000;

/** Images, an empty machine, and the first start. */
export const start: Scenario = {
  title: "build and first start",
  async run(stage) {
    const { steps } = stage;
    const withinMs = BUILD_MS_MAX;
    await steps.step("every image is there or can be pulled", (signal) => pulled(stage, signal), { withinMs });
    await steps.step("the project's images are built", (signal) => built(stage, signal), { withinMs });
    await steps.step("the JMX agent can be read by the user of its image", () => agentReadable(stage));
    await steps.step("everything starts from nothing", (signal) => stage.up({ profile: "plain" }, [], signal), {
      withinMs: START_MS_MAX,
    });
    await verify(stage, "after the first start");
    await steps.step("the store changes", () => changeStore(stage));
    await verify(stage, "after changes");
    await steps.step("up a second time replaces nothing", async (signal) => {
      const figures = await stage.up({ profile: "plain" }, [], signal);
      if (!figures.endsWith(", 0 new containers")) throw new Error(figures);
      return figures;
    }, { withinMs: START_MS_MAX });
  },
};

async function pulled(stage: Stage, signal: AbortSignal): Promise<string> {
  const services = Object.values((await stage.plan({ profile: "plain" })).services);
  const images = new Set(services.filter(({ build }) => build === undefined).map(({ image }) => image));
  for (const image of images) await requireImage(image, signal);
  return `${images.size} images; engine ${await engineVersion()}`;
}

async function built(stage: Stage, signal: AbortSignal): Promise<string> {
  // Compose builds through buildx. Without it the engine's own builder must be asked, image by image.
  if ((await tryDocker(["buildx", "version"])).status === 0) {
    await stage.compose({ profile: "plain" }, ["build"], { signal });
    return "by docker compose build";
  }
  for (const { image, build } of Object.values((await stage.plan({ profile: "plain" })).services)) {
    if (build === undefined) continue;
    const file = `${build.context}/${build.dockerfile}`;
    await docker(["build", "--quiet", "--tag", image, "--file", file, build.context], { signal });
  }
  return "by docker build, as there is no buildx";
}

/**
 * Engines since 28.1 give a folder that they make the mode of the file for which they make it: without `x` it is closed
 * to everybody.
 */
async function agentReadable(stage: Stage): Promise<void> {
  const { services } = await stage.plan({ profile: "plain" });
  for (const [name, rules] of [["kafka", "kafka.yml"], ["debezium", "debezium.yml"]]) {
    const command = `head -c 2 /opt/jmx/agent.jar | grep -q PK && test -s /opt/jmx/${rules} && test "$(id -u)" != 0`;
    const args = ["run", "--rm", "--network", "none", "--entrypoint", "bash", services[name].image, "-c", command];
    await docker(args, { signal: stage.options.signal });
  }
}
