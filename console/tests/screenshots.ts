/**
 * Pictures of every page: `deno task console:pictures DIR [name]`. They show a mock instance, whose numbers are made up
 * and whose topologies are real.
 */
import { join } from "node:path";
import { startMock } from "../../tests/console/mock_server.ts";
import { closeBrowser, openPage, type PageOptions } from "./browser.ts";

const PLACES: Readonly<Record<string, string>> = {
  topology: "#/topology/sales?node=op10",
  now: "#/now",
  tables: "#/tables/sales",
  letters: "#/letters/letter-1",
  explain: "#/explain/sales/sales/4711",
  instances: "#/instances",
};

const LOOKS: Readonly<Record<string, PageOptions>> = {
  light: {},
  dark: { scheme: "dark" },
  phone: { width: 390, height: 844 },
};

/** Until charts have some points. */
const WAIT_MS = 2_500;

/** Writes `<page>-<look>.png` for each page and look whose names begin so. */
async function takeScreenshots(folder: string, only: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const mock = startMock();
  for (const [look, options] of Object.entries(LOOKS)) {
    for (const [name, place] of Object.entries(PLACES)) {
      const file = `${name}-${look}.png`;
      if (!file.startsWith(only)) continue;
      const { page, complaints, close } = await openPage(`${mock.url}/${place}`, options);
      await page.waitForTimeout(WAIT_MS);
      await page.screenshot({ path: join(folder, file), fullPage: look === "phone" });
      if (complaints.length > 0) console.error(file, complaints);
      await close();
    }
  }
  await closeBrowser();
  await mock.close();
}

if (import.meta.main) await takeScreenshots(Deno.args[0] ?? "screenshots", Deno.args[1] ?? "");
