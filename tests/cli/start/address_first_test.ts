import { assertEquals } from "@std/assert";
import { addressFirst } from "../../../src/cli/start/address_first.ts";
import type { Event } from "../../../src/cli/start/output.ts";
import { permitted, startMain, withDirectory } from "../support.ts";

/** Names of what is printed of these events, and then of the end of the output. */
function printed(...names: readonly string[]): string[] {
  const told: string[] = [];
  const event = (name: string): Event => ({ level: name === "failed" ? "error" : "info", name, text: name });
  const output = addressFirst({
    event: ({ name }) => told.push(name),
    status: () => {},
    statusEveryMs: 1,
    close: () => told.push("closed"),
  });
  names.forEach((name) => output.event(event(name)));
  told.push("|");
  output.close();
  return told;
}

Deno.test("addressFirst() holds back what is told before the address, and nothing behind it", () => {
  assertEquals(printed("accounts", "port", "listening", "started"), [
    ...["listening", "accounts", "port", "started", "|", "closed"],
  ]);
  assertEquals(printed("accounts", "waiting"), ["waiting", "|", "accounts", "closed"], "nobody waits without a word");
  assertEquals(printed("accounts", "failed", "more"), ["accounts", "failed", "more", "|", "closed"]);
  assertEquals(printed("accounts", "ended"), ["accounts", "ended", "|", "closed"]);
});

Deno.test("start prints the console's address first", { ignore: !permitted }, () =>
  withDirectory(async (directory) => {
    const run = startMain([
      "start",
      "mirror",
      "--data",
      directory,
      "--demo-size",
      "small",
      "--port",
      "0",
      "--rate",
      "0",
    ]);
    await run.event(({ event }) => event === "started");
    assertEquals(run.events.slice(0, 3).map(({ event }) => event), ["listening", "clickhouse accounts", "demo store"]);
    run.child.kill("SIGTERM");
    await run.finished;
  }));
