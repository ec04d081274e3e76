import { openEmbeddedLog } from "../../adapters/embedded_log/log.ts";
import { grouped } from "../numbers.ts";
import type { DirectoryPaths } from "../embedded_directory.ts";
import type { VerifyReport } from "./verify_topologies.ts";

/**
 * Records of the log that topologies had not applied when the last instance ended, as a line, if there are any: after a
 * `kill -9` ClickHouse is as old as that, which is no fault. Only for a directory that is this process's own.
 */
export async function backlogLines(paths: DirectoryPaths, report: VerifyReport): Promise<string[]> {
  const log = openEmbeddedLog({ path: paths.log });
  try {
    const behind: string[] = [];
    for (const name of new Set(report.sinks.map(({ topology }) => topology))) {
      let records = 0;
      for (const { topic, partition, offset } of await log.committed(`weir.${name}`)) {
        const { start, end } = await log.offsets(topic);
        // Of an inbox nothing is left: what was in it ended with those whom it was for.
        records += Math.max(0, end[partition] - Math.max(offset, start[partition]));
      }
      if (records > 0) behind.push(`${name} ${grouped(records)}`);
    }
    if (behind.length === 0) return [];
    return [
      `Records that were left to apply when the last instance ended: ${
        behind.join(", ")
      }. Let it catch up, then verify again: ` +
      "deno task start --rate 0 --duration 1s",
    ];
  } finally {
    await log.close();
  }
}
