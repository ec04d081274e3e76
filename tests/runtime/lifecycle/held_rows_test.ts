import { assertEquals } from "@std/assert";
import { heldRows } from "../../../src/runtime/lifecycle/held_rows.ts";
import type { TaskHost } from "../../../src/runtime/lifecycle/task_host.ts";

/** A task with rows that are missing and still shown. */
function host({ complete, rows }: { readonly complete: boolean; readonly rows: number }): TaskHost {
  const sinks = [{ plan: { name: "sales" }, heldRows: rows }];
  return { task: { complete, sinks, shareSinks: [null] } } as unknown as TaskHost;
}

Deno.test("heldRows() counts what complete starts have left, not what the end of a start is about to delete", () => {
  assertEquals(heldRows([host({ complete: false, rows: 7 })]), []);
  const both = [
    host({ complete: false, rows: 7 }),
    host({ complete: true, rows: 2 }),
    host({ complete: true, rows: 1 }),
  ];
  assertEquals(heldRows(both), [{ sink: "sales", rows: 3 }]);
});
