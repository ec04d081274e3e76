import { assertEquals } from "@std/assert";
import type { TaskTable } from "../../../src/plan/physical.ts";
import type { Reader } from "../../../src/ports/log.ts";
import { LoadOrder } from "../../../src/runtime/lifecycle/load_order.ts";
import { TaskHost } from "../../../src/runtime/lifecycle/task_host.ts";

let tables = 0;

function tableOf(name: string, rights: readonly TaskTable[] = []): TaskTable {
  const member = { kind: "source", name, source: { topic: name } };
  const lookups = rights.map(({ index }) => ({ global: false, table: index }));
  return { name, index: tables++, members: [member], lookups } as unknown as TaskTable;
}

function hostsOf(table: TaskTable, partitions: number, records: number): TaskHost[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const host = new TaskHost({ table, partition, inboxTopic: "inbox" });
    host.positions = [0];
    host.targets = [records];
    host.ends = [records];
    return host;
  });
}

function recordingReader() {
  const sought: string[] = [];
  const reader = {
    seek: (topic: string, partition: number) => void sought.push(`${topic} ${partition}`),
  } as unknown as Reader;
  return { reader, takeSought: () => sought.splice(0) };
}

Deno.test("LoadOrder reads two tasks after the other two, and tables that others look up before those", () => {
  const { reader, takeSought } = recordingReader();
  const orders = hostsOf(tableOf("orders"), 3, 10);
  const items = hostsOf(tableOf("items", [orders[0].table]), 2, 10);
  const loads = new LoadOrder();
  loads.add([...items, ...orders]);
  loads.advance(reader, 0);
  assertEquals(takeSought(), ["orders 0", "orders 1"]);
  orders[0].positions = [10];
  orders[1].positions = [9];
  loads.advance(reader, 100);
  assertEquals(takeSought(), []);
  orders[1].positions = [10];
  loads.advance(reader, 200);
  assertEquals(takeSought(), ["orders 2"]);
  orders[2].positions = [10];
  loads.advance(reader, 300);
  assertEquals(takeSought(), ["items 0", "items 1"]);
  loads.advance(reader, 1_000_000);
  assertEquals(takeSought(), []);
});

Deno.test("LoadOrder reads every table once that looks itself up, or is looked up in a circle", () => {
  const { reader, takeSought } = recordingReader();
  const loads = new LoadOrder();
  const a = tableOf("a");
  const b = tableOf("b", [a]);
  (a.lookups as unknown[]).push(...tableOf("-", [a, b]).lookups);
  loads.add([...hostsOf(a, 1, 0), ...hostsOf(b, 1, 0)]);
  loads.advance(reader, 0);
  assertEquals(takeSought(), ["b 0", "a 0"]);
});

Deno.test("LoadOrder does not wait for tables that are empty or have no topic", () => {
  const { reader, takeSought } = recordingReader();
  const totals = new TaskHost({
    table: { ...tableOf("totals"), members: [{ kind: "merge" }] } as unknown as TaskTable,
    partition: 0,
    inboxTopic: "inbox",
  });
  const loads = new LoadOrder();
  loads.add([...hostsOf(tableOf("empty"), 1, 0), totals, ...hostsOf(tableOf("users"), 1, 10)]);
  loads.advance(reader, 0);
  assertEquals(takeSought(), ["empty 0", "users 0"]);
});

Deno.test("LoadOrder goes on past a table of which nothing comes, and past tasks that are gone", () => {
  const { reader, takeSought } = recordingReader();
  const loads = new LoadOrder();
  const stuck = hostsOf(tableOf("stuck"), 1, 10);
  const users = hostsOf(tableOf("users"), 2, 10);
  loads.add([...stuck, ...users, ...hostsOf(tableOf("orders"), 1, 10)]);
  loads.advance(reader, 0);
  assertEquals(takeSought(), ["stuck 0"]);
  stuck[0].positions = [1];
  loads.advance(reader, 1_900);
  loads.advance(reader, 3_800);
  assertEquals(takeSought(), []);
  users[1].drop({ stop() {} } as unknown as Reader);
  loads.advance(reader, 3_900);
  assertEquals(takeSought(), ["users 0"]);
  users[0].positions = [10];
  loads.advance(reader, 4_000);
  assertEquals(takeSought(), []);
  loads.advance(reader, 6_000);
  assertEquals(takeSought(), ["orders 0"]);
});
