import { assertEquals } from "@std/assert";
import type pg from "pg";
import { Findings } from "../../../src/cli/doctor/finding.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { checkSlots } from "../../../src/cli/doctor/slot_checks.ts";

const GIB = 1_073_741_824;
const healthy = { name: "debezium", active: "t", status: "reserved", safe: null, held: "4096" };

interface Database {
  readonly slots: readonly Readonly<Record<string, string | null>>[];
  /** Bytes; null: WAL is kept without a limit. */
  readonly limit?: string | null;
  /** Null: what the connector is set to is not known. */
  readonly settings?: Readonly<Record<string, string>> | null;
}

/** What is told, with the statement that repairs it. */
async function look({ slots, limit = "21474836480", settings = {} }: Database) {
  const rows = (question: string) =>
    question.includes("pg_replication_slots") ? slots : limit === null ? [] : [{
      bytes: limit,
    }];
  const client = { query: (question: string) => Promise.resolve({ rows: rows(question) }) } as unknown as pg.Client;
  const findings = new Findings("postgres");
  await checkSlots(findings, { client, settings, needs: needsOf([], { generation: 1 }) });
  return findings.found.map(({ check, subject, verdict, text, repair }) =>
    [`${check} ${subject}`, verdict, text].concat(repair === undefined ? [] : [repair.statement])
  );
}

const limited = ["postgres.slot_limit max_slot_wal_keep_size", "ok", "20.0 GiB"];
const read = ["postgres.slot debezium", "ok", "active, reserved"];

Deno.test("checkSlots() tells how far a slot is behind, and of WAL that is about to go", async () => {
  const slot = "postgres.slot_wal debezium";
  assertEquals(await look({ slots: [healthy] }), [read, [slot, "ok", "behind by 4 KiB"], limited]);
  assertEquals(await look({ slots: [{ ...healthy, held: String(3 * GIB / 2) }] }), [
    read,
    [slot, "warning", "it is behind by 1.5 GiB of WAL: the connector is slow or stands"],
    limited,
  ]);
  assertEquals(await look({ slots: [{ ...healthy, status: "unreserved", safe: "-5" }] }), [
    ["postgres.slot debezium", "ok", "active, unreserved"],
    [slot, "wrong", "its WAL is about to be removed: -5 bytes are left"],
    limited,
  ]);
});

Deno.test("checkSlots() tells of slots that are lost, that nobody reads, and that are not there", async () => {
  assertEquals(await look({ slots: [{ ...healthy, name: "o'k", status: "lost" }], settings: { "slot.name": "o'k" } }), [
    [
      "postgres.slot o'k",
      "wrong",
      "its WAL is gone (wal_status lost): the connector needs a new slot and a new snapshot",
      "SELECT pg_drop_replication_slot('o''k')",
    ],
    limited,
  ]);
  const idle = { ...healthy, active: "f", held: String(5 * 1_048_576) };
  const text = "nobody reads it, and it holds 5 MiB of WAL: start the connector";
  assertEquals((await look({ slots: [idle] }))[0], ["postgres.slot debezium", "wrong", text]);
  assertEquals((await look({ slots: [idle], settings: null }))[0], [
    "postgres.slot debezium",
    "warning",
    `${text}, or drop it if nobody will`,
  ]);
  const [[place, verdict]] = await look({ slots: [healthy], settings: { "slot.name": "other" } });
  assertEquals([place, verdict], ["postgres.slot other", "wrong"]);
});

Deno.test("checkSlots() wants a limit to what a slot may hold", async () => {
  assertEquals((await look({ slots: [healthy], limit: null })).at(-1), [
    "postgres.slot_limit max_slot_wal_keep_size",
    "warning",
    "it is not limited: a connector that stays away fills the disk, and the database stands still. Choose as much as " +
    "two days of writing take",
    "ALTER SYSTEM SET max_slot_wal_keep_size = '20GB'; SELECT pg_reload_conf()",
  ]);
});
