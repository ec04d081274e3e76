import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { packHeaders, readHeaders } from "../../../src/record/headers.ts";
import { read } from "../../ports/log_conformance_support.ts";
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
  Deno.test("openEmbeddedLog() reads what the version before headers has written, and goes on there", async () => {
    const directory = await Deno.makeTempDir({ prefix: "weir_log_" });
    const path = `${directory}/log.db`;
    try {
      const older = openEmbeddedLog({ path });
      await older.createTopic({ name: "old", partitions: 1, cleanup: "compact", retentionMs: -1 });
      await older.append([{ topic: "old", partition: 0, records: [{ key: "k", value: "v" }] }]);
      await older.close();
      const file = new DatabaseSync(path);
      for (const sql of ["ALTER TABLE records DROP COLUMN headers", "DROP TABLE header_topics"]) file.exec(sql);
      file.exec("PRAGMA user_version = 1");
      file.close();
      for (const headers of [[undefined], [undefined, { trace: "1" }]]) {
        const log = openEmbeddedLog({ path });
        const records = await read(log, "old", { count: headers.length });
        assertEquals(records.map(({ key, value }) => [key, value]), [["k", "v"], ["l", "w"]].slice(0, headers.length));
        assertEquals(records.map((one) => one.headers && { ...readHeaders(one.headers) }), headers);
        const more = [{ key: "l", value: "w", headers: packHeaders({ trace: "1" }) }];
        await log.append([{ topic: "old", partition: 0, records: more }]);
        await log.close();
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });

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
