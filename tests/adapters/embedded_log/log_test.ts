import { type EmbeddedLog, openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { logConformance, type OpenedLog } from "../../ports/log_conformance.ts";

const mayWrite = (await Deno.permissions.query({ name: "write" })).state === "granted";

function opened(log: EmbeddedLog): OpenedLog {
  return {
    log,
    close: () => log.close(),
    deleteTopic: (topic) => log.deleteTopic(topic),
    compact: async (topic) => void await log.compact(topic),
  };
}

logConformance(
  "openEmbeddedLog(:memory:)",
  { lacks: { reopen: "it lives as long as the object" } },
  () => Promise.resolve(opened(openEmbeddedLog({ path: ":memory:" }))),
);

if (mayWrite) {
  logConformance("openEmbeddedLog(file)", { lacks: {} }, async () => {
    const directory = await Deno.makeTempDir({ prefix: "weir_log_" });
    return openedFile(openEmbeddedLog({ path: `${directory}/log.db` }), directory);
  });
}

function openedFile(log: EmbeddedLog, directory: string): OpenedLog {
  return {
    ...opened(log),
    async close() {
      await log.close();
      await Deno.remove(directory, { recursive: true });
    },
    async reopen() {
      await log.close();
      return openedFile(openEmbeddedLog({ path: `${directory}/log.db` }), directory);
    },
  };
}
