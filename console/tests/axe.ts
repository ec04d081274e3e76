import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = await Deno.readTextFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"));

/** What is against the rules of accessibility (WCAG 2.2 AA and axe's own), each with where. */
export async function violationsOf(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which no policy of the page stops.
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any -- it is there since the line above
    const { violations } = await (globalThis as any).axe.run();
    return violations.map((violation: { id: string; help: string; nodes: { html: string }[] }) =>
      `${violation.id}: ${violation.help}: ${violation.nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`
    );
  });
}

/** By how many pixels the page is wider than what is seen of it. */
export function overhangOf(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
}
