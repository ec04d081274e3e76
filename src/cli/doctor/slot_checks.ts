import { postgresRows } from "../postgres_rows.ts";
import { type Findings, postgres } from "./finding.ts";
import type { PostgresLook } from "./postgres_look.ts";

/** WAL that a slot may hold before it is told, in bytes. */
const HELD_MAX = 1_073_741_824;
/** What is proposed where no limit is set: two days of most databases. */
const KEPT = "20GB";

const SLOTS_SQL = `
  SELECT slot_name AS name, active, wal_status AS status, safe_wal_size AS safe,
         pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
           confirmed_flush_lsn)::bigint AS held
  FROM pg_replication_slots
  WHERE database = current_database() AND slot_type = 'logical' ORDER BY slot_name`;

/** Whether the slot is there and read, and what it may cost. */
export async function checkSlots(findings: Findings, { client, settings }: PostgresLook): Promise<void> {
  const slots = await postgresRows(client, SLOTS_SQL);
  const wanted = settings === null ? null : settings["slot.name"] ?? "debezium";
  const own = wanted === null ? slots : slots.filter(({ name }) => name === wanted);
  if (own.length === 0) {
    findings.wrong(["slot", wanted ?? "a logical slot"], {
      text: "there is none: nothing keeps the changes for the connector, which makes it when it starts. If it runs, " +
        "look at its log; a slot that was lost means a new snapshot",
    });
  }
  for (const { name: slot, active, status, safe, held } of own) {
    const name = slot!;
    const bytes = Number(held);
    if (status === "lost") {
      findings.wrong(["slot", name], {
        text: "its WAL is gone (wal_status lost): the connector needs a new slot and a new snapshot",
        repair: postgres(`SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}')`),
      });
      continue;
    }
    if (active !== "t") {
      const text = `nobody reads it, and it holds ${amount(bytes)} of WAL: start the connector`;
      if (wanted !== null) findings.wrong(["slot", name], { text });
      // It may be somebody else's.
      else findings.warn(["slot", name], { text: `${text}, or drop it if nobody will` });
    } else findings.ok(["slot", name], `active, ${status}`);
    if (status === "unreserved") {
      findings.wrong(["slot_wal", name], { text: `its WAL is about to be removed: ${safe ?? 0} bytes are left` });
    } else if (bytes > HELD_MAX) {
      findings.warn(["slot_wal", name], {
        text: `it is behind by ${amount(bytes)} of WAL: the connector is slow or stands`,
      });
    } else findings.ok(["slot_wal", name], `behind by ${amount(bytes)}`);
  }
  const [limit] = await postgresRows(
    client,
    "SELECT pg_size_bytes(setting || unit) AS bytes FROM pg_settings " +
      "WHERE name = 'max_slot_wal_keep_size' AND setting <> '-1'",
  );
  if (limit !== undefined) findings.ok(["slot_limit", "max_slot_wal_keep_size"], amount(Number(limit.bytes)));
  else {
    findings.warn(["slot_limit", "max_slot_wal_keep_size"], {
      text: "it is not limited: a connector that stays away fills the disk, and the database stands still. Choose as " +
        "much as two days of writing take",
      repair: postgres(`ALTER SYSTEM SET max_slot_wal_keep_size = '${KEPT}'; SELECT pg_reload_conf()`),
    });
  }
}

function amount(bytes: number): string {
  if (bytes < 1_048_576) return `${Math.max(0, Math.round(bytes / 1024))} KiB`;
  return bytes < HELD_MAX ? `${Math.round(bytes / 1_048_576)} MiB` : `${(bytes / HELD_MAX).toFixed(1)} GiB`;
}
