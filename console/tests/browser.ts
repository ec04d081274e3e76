import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../../tests/console/chromium_path.ts";

/** A browser that asks nobody but the page under test for anything. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface PageOptions {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** A page of the browser, and everything that it complained about. */
export interface OpenedPage {
  readonly page: Page;
  /** Errors of the console and of scripts, violations of the content security policy among them. */
  readonly complaints: string[];
  close(): Promise<void>;
}

let browser: Promise<Browser> | undefined;

/** Opens `url` in a context of its own, with nothing kept from others. */
export async function openPage(
  url: string,
  { scheme = "light", width = 1_360, height = 860 }: PageOptions = {},
): Promise<OpenedPage> {
  browser ??= chromium.launch({ executablePath: chromiumPath()!, args: FLAGS });
  const context: BrowserContext = await (await browser).newContext({
    colorScheme: scheme,
    viewport: { width, height },
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints, close: () => context.close() };
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}
