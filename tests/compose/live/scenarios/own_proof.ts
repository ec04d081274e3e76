import { assertEquals } from "@std/assert";
import { administer, badge, equal } from "../badge.ts";
import { tryDocker } from "../engine.ts";
import type { OwnProject } from "../own_project.ts";

/** Both are re-created, and everything is compared for the first time. */
const PROVED_MS_MAX = 300_000;
const RED_MS_MAX = 120_000;

/** The proof beside a project of its own, begun by its settings: red when a row is changed by hand, green after. */
export async function isProven(project: OwnProject): Promise<void> {
  const { stage, stage: { steps } } = project;
  const host = `127.0.0.1:${project.port}`;
  const proved = { withinMs: PROVED_MS_MAX };
  await project.configureProof();
  await steps.step("two lines in .env begin weir-proof, which has compared every table", async (signal) => {
    await project.compose(["up", "--detach", "--no-build"], { signal });
    await project.healthy(signal);
    return await equal(stage, { signal, host });
  }, proved);
  await steps.step("it has no capability, no port, and none of what Weir may do", async () => {
    const { id, capabilitiesDropped, published } = await project.container("weir-proof");
    assertEquals([capabilitiesDropped, published], [["ALL"], []]);
    const { status: wrote } = await tryDocker(["exec", id, "touch", "/app/x"]);
    if (wrote === 0) throw new Error("/app can be written to");
    const { stdout } = await tryDocker(["inspect", "--format", "{{json .Config.Env}}", id]);
    if (stdout.includes(stage.secret("weir_writer_password"))) throw new Error("it knows the writer's password");
  });
  const sql = "SELECT max(item_id) FROM online_store.shop_sales";
  const id = Number(await administer(stage, sql));
  if (!(id > 0)) throw new Error(`there is no sale: ${id}`);
  const wanted = `1 row of shop_sales differs: key ${id}`;
  await steps.step("a row of the project that is changed by hand turns its console's badge red", async (signal) => {
    const startedMs = performance.now();
    const update = `ALTER TABLE online_store.shop_sales_rows UPDATE amount = amount + 1 WHERE item_id = ${id}`;
    await administer(stage, `${update} SETTINGS mutations_sync = 2`);
    await badge(stage, { is: (words) => words.text === wanted, signal, host });
    return `"${wanted}" after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  }, { withinMs: RED_MS_MAX });
  await steps.step("docker compose restart repairs the row, and all is equal again", async (signal) => {
    await project.compose(["restart"], { signal });
    await project.healthy(signal);
    return await equal(stage, { signal, host });
  }, proved);
}
