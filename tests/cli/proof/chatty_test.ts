import { assertEquals } from "@std/assert";
import { topologyText } from "../mistaken_topology.ts";
import { permitted, startMain, withDirectory } from "../support.ts";
import type { ContinuousProof } from "../../../src/cli/proof/proof_report.ts";

const ignore = !permitted;
const SOON_MS = 120_000;

Deno.test({
  name: "what a topology prints, with an end or without, as a message or not, does not end the continuous proof",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const printed =
        `(Deno.stdout.writeSync(new TextEncoder().encode("no end ")), console.log('{"kind":"report"}'), 1)`;
      const text = topologyText("chatty", {
        user: `{ id: user.id, email: user.email, level: ${printed} }`,
        more: `console.log("loaded");\nconsole.log('{"kind":"refused","reason":"no"}');`,
      });
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/chatty.ts`, text);
      const args = ["--no-check", "--demo-size", "small", "--port", "0", "--rate", "0", "--json"];
      const running = startMain(["start", ...args, "--data", directory, "--topologies", `${directory}/topologies`]);
      try {
        const { addresses } = await running.event(({ event }) => event === "listening") as {
          readonly addresses: Record<string, string>;
        };
        for (const endMs = Date.now() + SOON_MS;;) {
          const { continuous } = await (await fetch(`${addresses.metrics}/api/verify`)).json() as {
            readonly continuous: ContinuousProof;
          };
          if (continuous.state === "failed" || Date.now() > endMs) throw new Error(JSON.stringify(continuous));
          if (continuous.sinks.length > 0 && continuous.sinks.every(({ checked }) => checked !== null)) {
            assertEquals(continuous.sinks.map(({ differing }) => differing).filter((rows) => rows > 0), []);
            break;
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        running.child.kill("SIGTERM");
        assertEquals((await running.finished).status, 0);
      } finally {
        try {
          running.child.kill("SIGKILL");
        } catch {
          // It has ended.
        }
        await running.finished;
      }
    }),
});
