import { assertEquals } from "@std/assert";
import { startReport } from "../../src/runtime/lifecycle/instance.ts";
import type { TableSpec } from "../../src/ports/warehouse.ts";
import type { SinkCounts } from "../../src/runtime/outputs/sink_counts.ts";
import type { TaskHost } from "../../src/runtime/lifecycle/task_host.ts";

function hostOf(counts: SinkCounts): TaskHost {
  return { task: { startCounts: [{ sink: "sales", counts }] } } as unknown as TaskHost;
}

Deno.test("startReport() adds up the tasks' counts, and leaves tasks out that have none", () => {
  const hosts = [
    hostOf({ base: 10, rewritten: 2, written: 5, deleted: 3, held: 0 }),
    hostOf({ base: 20, rewritten: 0, written: 0, deleted: 1, held: 0 }),
    { task: null } as unknown as TaskHost,
  ];
  const [plain] = startReport(hosts, new Map());
  assertEquals(plain, { sink: "sales", kept: 24, written: 5, deleted: 4, rewritten: 2 });
  const writers = new Map([["sales", { table: { shares: true } as TableSpec, added: ["discount"] }]]);
  assertEquals(startReport(hosts, writers), [{ ...plain, added: ["discount"], shares: true }]);
});

Deno.test("startReport() of a first start deletes nothing, though rows came and went meanwhile", () => {
  const report = startReport([hostOf({ base: 0, rewritten: 4, written: 10, deleted: 4, held: 0 })], new Map());
  assertEquals(report, [{ sink: "sales", kept: 0, written: 10, deleted: 0 }]);
});
