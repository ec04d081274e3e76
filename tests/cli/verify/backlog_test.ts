import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { pathsIn } from "../../../src/cli/embedded_directory.ts";
import { backlogLines } from "../../../src/cli/verify/backlog.ts";
import type { VerifyReport } from "../../../src/cli/verify/verify_topologies.ts";
import { joinMember } from "../../ports/log_conformance_support.ts";
import { withDirectory } from "../support.ts";

const report = { sinks: [{ topology: "shop" }] } as unknown as VerifyReport;
const partition = 0;

Deno.test("backlogLines() counts source records that were not applied, and nothing of inboxes that are over", () =>
  withDirectory(async (directory) => {
    const paths = pathsIn(directory);
    const log = openEmbeddedLog({ path: paths.log });
    await log.createTopic({ name: "items", partitions: 1, cleanup: "compact", retentionMs: -1 });
    await log.createTopic({ name: "inbox", partitions: 1, cleanup: "delete", retentionMs: 1e9, transient: true });
    const three = ["1", "2", "3"].map((key) => ({ key, value: "v" }));
    await log.append(["items", "inbox"].map((topic) => ({ topic, partition, records: three })));
    const partitions = ["items", "inbox"].map((topic) => ({ topic, partition }));
    const member = await joinMember(log, { group: "weir.shop", tasks: [{ id: "items-0", partitions }] });
    await member.until((assigned) => assigned.length === 1);
    const commit = (offset: number) => member.membership.commit(partitions.map((one) => ({ ...one, offset })));
    await commit(1);
    await log.close();
    const [line, ...others] = await backlogLines(paths, report);
    assertEquals(others, []);
    assert(/ended: shop 2\. Let it catch up/.test(line), line);
  }));
