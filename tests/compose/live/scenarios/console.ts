import { assertEquals } from "@std/assert";
import { askConsole } from "../console.ts";
import type { Scenario } from "./scenario.ts";

/** What tells nothing of rows, and so needs no password. */
const OPEN = ["/", "/livez", "/readyz", "/metrics"];
const GUARDED = ["/api/state", "/api/plan", "/api/verify", "/api/dead-letters", "/store"];

/** The port of the console, which `deno task secrets` has made a password for. */
export const consolePort: Scenario = {
  title: "the console and its password",
  async run(stage) {
    const { steps } = stage;
    await steps.step("the page, health and metrics are for everybody", async () => {
      for (const path of OPEN) await answers(path, { status: 200, password: null });
      return `${OPEN.length} addresses`;
    });
    await steps.step("what shows rows asks for the password of compose/secrets", async () => {
      for (const path of GUARDED) {
        await answers(path, { status: 401, password: null });
        await answers(path, { status: 401, password: "wrong" });
        await answers(path, { status: 200 });
      }
      return `${GUARDED.length} addresses`;
    });
    await steps.step("it shows what ClickHouse has", async () => {
      const body = JSON.stringify({ sql: "SELECT count() AS sold FROM sales" });
      const init = { method: "POST", body, headers: { "content-type": "application/json" } };
      const response = await askConsole(stage, "/api/query", init);
      const text = await response.text();
      if (!response.ok || !text.includes("sold")) throw new Error(`${response.status}: ${text.slice(0, 500)}`);
    });
    await steps.step("a page of elsewhere can change nothing, even with the password", async () => {
      const body = JSON.stringify({ sql: "SELECT 1" });
      const headers = { "content-type": "application/json", origin: "http://elsewhere.example" };
      await answers("/api/query", { status: 403, method: "POST", body, headers });
    });

    async function answers(
      path: string,
      { status, ...init }: Parameters<typeof askConsole>[2] & { readonly status: number },
    ): Promise<void> {
      const response = await askConsole(stage, path, init);
      await response.body?.cancel();
      assertEquals(response.status, status, path);
    }
  },
};
