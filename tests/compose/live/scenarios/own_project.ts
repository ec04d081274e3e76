import { assertEquals } from "@std/assert";
import { until } from "../../../stack/e2e/steps.ts";
import { docker, tryDocker } from "../engine.ts";
import { OwnProject } from "../own_project.ts";
import { changeStore } from "../store.ts";
import { isProven } from "./own_proof.ts";
import type { Scenario } from "./scenario.ts";

const BUILD_MS_MAX = 6 * 60_000;
const START_MS_MAX = 180_000;
/** `stop_grace_period` of compose.yaml, after which the engine would kill it. */
const STOP_MS_MAX = 30_000;
/** The topologies and tables of the project have other names than those of the stack's own Weir. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['topology("sales"', 'topology("shop"'],
  ['clickhouse("sales"', 'clickhouse("shop_sales"'],
  ['clickhouse("revenue_by_seller"', 'clickhouse("shop_revenue"'],
];

/** What `create` makes runs in a container on Kafka and ClickHouse that are there already, and stands what happens. */
export const ownProject: Scenario = {
  title: "a project of its own, by its Dockerfile and compose.yaml",
  async run(stage) {
    const { steps } = stage;
    let made: OwnProject | null = null;
    await steps.step("it is made from the package, and its image is built before anything else", async (signal) => {
      made = await OwnProject.make(stage, signal);
    }, { withinMs: BUILD_MS_MAX });
    await using project = made!;
    await starts(project);
    await isProven(project);
    await ends(project);
    await recovers(project);
  },
};

/** Everything up to tables that are filled, and a topology added in the mounted folder. */
async function starts(project: OwnProject): Promise<void> {
  const { stage, stage: { steps } } = project;
  const withinMs = START_MS_MAX;
  const topologies = `${project.folder}/topologies`;
  await steps.step("without .env Compose says what is missing", async () => {
    const { status, stderr } = await tryDocker(["compose", "--file", `${project.folder}/compose.yaml`, "config"]);
    if (status === 0 || !stderr.includes(".env")) throw new Error(`status ${status}: ${stderr}`);
  });
  await project.configure();
  await steps.step("it runs the mounted topologies, and is healthy", async (signal) => {
    // Not those of the image: these were changed after it was built.
    const sales = RENAMED.reduce((text, [from, to]) => text.replace(from, to), await read(`${topologies}/sales.ts`));
    await Deno.writeTextFile(`${topologies}/sales.ts`, sales);
    await project.compose(["up", "--detach", "--no-build"], { signal });
    const events = await project.events(await project.healthy(signal));
    const started = events.filter(({ event }) => event === "started");
    assertEquals(started.map(({ topology, resumed }) => [topology, resumed]), [["shop", false]]);
  }, { withinMs });
  await steps.step("it is no root, has no capability, and writes into its volume alone", async () => {
    const { id, capabilitiesDropped, published } = await project.container();
    const status = await stage.tools(["--pid", `container:${id}`], ["cat", "/proc/1/status"]);
    const of = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)![1];
    assertEquals(capabilitiesDropped, ["ALL"]);
    if (of("Uid") === "0") throw new Error("it runs as root");
    assertEquals([of("CapEff"), of("NoNewPrivs")], ["0000000000000000", "1"]);
    assertEquals(published, [`127.0.0.1:${project.port}`]);
    const { status: wrote } = await tryDocker(["exec", id, "touch", "/app/x"]);
    if (wrote === 0) throw new Error("/app can be written to");
    return `user ${of("Uid")}`;
  });
  await verifies(project, "after the first start");
  await steps.step("a topology that is added in the mounted folder runs after a restart", async (signal) => {
    const text = await read(`${topologies}/sales.ts`);
    const more = text.replaceAll("shop", "more").replaceAll("revenue-by-seller", "more-by-seller");
    await Deno.writeTextFile(`${topologies}/more.ts`, more);
    await project.compose(["restart"], { signal });
    const events = await project.events(await project.healthy(signal));
    const started = events.filter(({ event }) => event === "started");
    assertEquals(started.map(({ topology, resumed }) => [topology, resumed]).sort(), [["more", false], ["shop", true]]);
  }, { withinMs });
}

/** It ends in order, whoever ends it, and goes on where it was. */
async function ends(project: OwnProject): Promise<void> {
  const { stage, stage: { steps } } = project;
  await steps.step("docker stop ends it in order", async (signal) => {
    const startedMs = performance.now();
    await docker(["stop", "--time", "30", (await project.container()).id], { signal });
    return await ended(project, performance.now() - startedMs);
  }, { withinMs: STOP_MS_MAX + 10_000 });
  await changeStore(stage);
  await steps.step("it goes on where it was, and rewrites nothing", async (signal) => {
    await project.compose(["up", "--detach", "--no-build"], { signal });
    const events = await project.events(await project.healthy(signal));
    const texts = events.filter(({ event }) => event === "started").map(({ message }) => String(message));
    if (texts.length !== 2 || !texts.every((text) => text.includes(" resumed: "))) throw new Error(texts.join("; "));
    return texts.sort().join("; ");
  }, { withinMs: START_MS_MAX });
  await verifies(project, "after stop and start");
  await steps.step("Ctrl-C of docker compose up ends it in order", async (signal) => {
    await project.compose(["stop"], { signal });
    // A group of processes of its own, as a terminal makes it: Ctrl-C reaches all of them.
    const up = new Deno.Command("setsid", {
      args: ["docker", ...project.command, "up", "--no-build"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await project.healthy(signal);
    const startedMs = performance.now();
    Deno.kill(-up.pid, "SIGINT");
    await up.status;
    return await ended(project, performance.now() - startedMs);
  }, { withinMs: START_MS_MAX });
}

/** It comes back by itself. */
async function recovers(project: OwnProject): Promise<void> {
  const { stage, stage: { steps } } = project;
  const withinMs = START_MS_MAX;
  await steps.step("kill -9 of its process: it is started again, and is healthy", async (signal) => {
    await project.compose(["up", "--detach", "--no-build"], { signal });
    const { pid, restarts } = await project.healthy(signal);
    await changeStore(stage);
    await stage.tools(["--pid", "host"], ["kill", "-9", String(pid)]);
    await until(async () => (await project.container()).restarts > restarts, { signal, everyMs: 200 });
    await changeStore(stage);
    await project.healthy(signal);
  }, { withinMs });
  await verifies(project, "after kill -9");
  await steps.step("its commands run in a container, too", async (signal) => {
    const said = await project.compose(["run", "--rm", "--no-deps", "-T", "weir", "dlq", "--all", "--json"], {
      signal,
    });
    if (said.trim() !== "") throw new Error(`there are dead letters: ${said.slice(0, 1_000)}`);
  });
}

/** `verify`, as a container of the project runs it, against PostgreSQL. */
function verifies(project: OwnProject, when: string): Promise<void> {
  const { stage } = project;
  return stage.steps.step(`its tables equal PostgreSQL ${when}`, async (signal) => {
    const postgres = {
      PGHOST: "postgres",
      PGDATABASE: "online_store",
      PGUSER: "verifier",
      POSTGRES_PASSWORD: stage.secret("verifier_password"),
    };
    const environment = Object.entries(postgres).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const run = ["run", "--rm", "--no-deps", "-T", ...environment, "weir", "verify", "--wait", "120s", "--json"];
    const report = JSON.parse(await project.compose(run, { signal }));
    if (!report.equal) throw new Error(JSON.stringify(report).slice(0, 2_000));
    const rows = report.sinks.map(({ view }: { view: { rows: number } }) => view.rows);
    if (rows.some((count: number) => count === 0)) throw new Error(`a table is empty: ${rows}`);
    return `${rows.join(" + ")} rows`;
  }, { withinMs: START_MS_MAX });
}

/** @throws Error when its container has not ended by itself, in time and in order */
async function ended(project: OwnProject, tookMs: number): Promise<string> {
  const container = await project.container();
  assertEquals([container.state, container.exitCode], ["exited", 0]);
  const last = (await project.events(container)).at(-1);
  assertEquals(last?.event, "ended");
  if (tookMs > STOP_MS_MAX) throw new Error(`it took ${tookMs} ms`);
  return `after ${(tookMs / 1000).toFixed(1)} s`;
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(path);
}
