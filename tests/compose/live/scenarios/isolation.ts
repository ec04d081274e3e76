import { assertEquals } from "@std/assert";
import { expectedReach, measuredReach } from "../reach.ts";
import type { Stage } from "../stage.ts";
import type { Scenario } from "./scenario.ts";

/** State of a listening socket in /proc/net/tcp, and 127.0.0.1 as it stands there on a little-endian machine. */
const LISTENING = "0A";
const LOOPBACK = "0100007F";

/** Who reaches whom, who listens where, and as whom everything runs. */
export const isolation: Scenario = {
  title: "isolation",
  async run(stage) {
    const { steps } = stage;
    await steps.step("exactly those reach each other whom the table names", () => tableHolds(stage), {
      withinMs: 120_000,
    });
    await steps.step("nothing listens beyond 127.0.0.1", () => loopbackOnly(stage));
    await steps.step("nobody runs as root, and nobody has a capability", () => unprivileged(stage));
    await steps.step("every volume has a name", async () => {
      const unnamed = (await stage.containers()).filter(({ volumes }) =>
        volumes.some((name) => !name.startsWith(`${stage.options.project}_`))
      );
      if (unnamed.length > 0) throw new Error(unnamed.map(({ service }) => service).join(", "));
    });
  },
};

async function tableHolds(stage: Stage): Promise<string> {
  const { reached, heard } = await measuredReach(stage);
  assertEquals(reached, expectedReach(stage, heard));
  if (!heard.has(stage.profile === "plain" ? "clickhouse:9000" : "clickhouse:9440")) {
    stage.notShown.add("Grafana asks ClickHouse: the image of ClickHouse here does not speak the native protocol");
  }
  return `${Object.values(reached).flat().length} connections to ${heard.size} ports that are heard`;
}

async function loopbackOnly(stage: Stage): Promise<string> {
  const published = (await stage.containers()).flatMap((container) => container.published);
  const beyond = published.filter((address) => !address.startsWith("127.0.0.1:"));
  if (beyond.length > 0) throw new Error(`published: ${beyond.join(", ")}`);
  if (Deno.build.os !== "linux") return `${published.length} ports`;
  const ports = new Set(published.map((address) => Number(address.split(":")[1])));
  const files = ["/proc/net/tcp", "/proc/net/tcp6"];
  for (const socket of files.flatMap((file) => Deno.readTextFileSync(file).split("\n").slice(1))) {
    const [, local = "", , state] = socket.trim().split(/\s+/);
    const [address, port] = local.split(":");
    if (state === LISTENING && ports.has(parseInt(port, 16)) && address !== LOOPBACK) {
      throw new Error(`port ${parseInt(port, 16)} listens at ${address}`);
    }
  }
  return `${published.length} ports, and the machine's own list of sockets`;
}

async function unprivileged(stage: Stage): Promise<string> {
  const running = (await stage.containers()).filter(({ state }) => state === "running");
  for (const { service, id, capabilitiesDropped } of running) {
    assertEquals(capabilitiesDropped, ["ALL"], service);
    // As the kernel sees the main process.
    const status = await stage.tools(["--pid", `container:${id}`], ["cat", "/proc/1/status"]);
    const [, uid] = /^Uid:\s+(\d+)/m.exec(status)!;
    const [, capabilities] = /^CapEff:\s+(\S+)/m.exec(status)!;
    if (uid === "0" || !/^0+$/.test(capabilities)) {
      throw new Error(`${service} runs as ${uid} with capabilities ${capabilities}`);
    }
  }
  return `${running.length} containers`;
}
