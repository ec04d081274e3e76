import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { type MockServer, startMock } from "../../tests/console/mock_server.ts";
import { openPage, type PageOptions } from "./browser.ts";

/** How long something may take to be seen. */
export const SOON = { timeout: 15_000 };

/** What a browser writes itself about answers that the page expects. */
const EXPECTED = /Failed to load resource/;

export interface Place extends PageOptions {
  /** Behind the address of the instance: `#/now`. */
  readonly at: string;
}

/**
 * Opens the page on an instance of its own. Fails for anything that the browser complains about: an error of a script,
 * something that the content security policy has refused.
 */
export async function withPage(
  { at, ...options }: Place,
  test: (page: Page, mock: MockServer) => Promise<void>,
): Promise<void> {
  const mock = startMock();
  const { page, complaints, close } = await openPage(`${mock.url}/${at}`, options);
  try {
    await test(page, mock);
    assertEquals(complaints.filter((text) => !EXPECTED.test(text)), []);
  } finally {
    await close();
    await mock.close();
  }
}

/** The text of the page, as whoever looks at it reads it. */
export function mainText(page: Page): Promise<string> {
  return page.locator("#main").innerText();
}
