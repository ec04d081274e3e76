import { HEARD, reachTable } from "../networks.ts";
import type { Container } from "./container.ts";
import { docker } from "./engine.ts";
import type { Stage } from "./stage.ts";

/** How long a connection may take before it counts as impossible. */
const CONNECT_S = 2;
/** Their work is done, and they have ended, before anything is measured. */
const TASKS = ["kafka-init", "connector-init"];

interface Target {
  readonly service: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Tries to connect from the network of every running container to every address of every other one, at all its ports.
 * @returns for each service the `service:port` that it reaches, sorted; and what each service hears at all
 */
export async function measuredReach(
  stage: Stage,
): Promise<{ readonly reached: Record<string, string[]>; readonly heard: ReadonlySet<string> }> {
  const containers = (await stage.containers()).filter(({ state, number }) => state === "running" && number === 1);
  const targets = containers.flatMap(targetsOf(stage));
  const reached: Record<string, string[]> = {};
  const heard = new Set<string>();
  // A few at a time: each is a container of its own.
  for (const { id, service } of containers) {
    const open = await openFrom(stage, { id, targets });
    for (const target of open) if (target.service === service) heard.add(`${service}:${target.port}`);
    const others = open.filter((target) => target.service !== service);
    reached[service] = [...new Set(others.map((target) => `${target.service}:${target.port}`))].sort();
  }
  return { reached, heard };
}

/** What the table says of these services, but for ports at which the images here do not listen. */
export function expectedReach(
  { profile }: Pick<Stage, "profile">,
  heard: ReadonlySet<string>,
): Record<string, string[]> {
  const running = Object.entries(reachTable(profile)).filter(([name]) => !TASKS.includes(name));
  return Object.fromEntries(
    running.map(([name, reached]) => [name, reached.filter((target) => heard.has(target)).sort()]),
  );
}

function targetsOf(stage: Stage): (container: Container) => Target[] {
  return ({ service, addresses }) =>
    Object.values(addresses).flatMap((address) =>
      (HEARD[stage.profile][service] ?? []).map(({ port }) => ({ service, address, port }))
    );
}

/** A container with the same network tries each target; bash of PostgreSQL's image can open connections. */
async function openFrom(stage: Stage, { id, targets }: { id: string; targets: readonly Target[] }): Promise<Target[]> {
  const { image } = (await stage.plan({ profile: "plain" })).services.postgres;
  const tries = targets.map(({ address, port }, index) =>
    `(timeout ${CONNECT_S} bash -c ': < /dev/tcp/${address}/${port}' 2> /dev/null && echo ${index}) &`
  );
  const args = ["run", "--rm", "--interactive", "--network", `container:${id}`, "--entrypoint", "bash", image, "-s"];
  const said = await docker(args, { input: `${tries.join("\n")}\nwait\n`, signal: stage.options.signal });
  return said.split("\n").filter((line) => line !== "").map((line) => targets[Number(line)]);
}
