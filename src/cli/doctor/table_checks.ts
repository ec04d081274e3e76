import type { Findings } from "./finding.ts";
import { postgres } from "./finding.ts";
import { postgresRows } from "../postgres_rows.ts";
import { tableOf } from "./needs.ts";
import type { PostgresLook, Publication } from "./postgres_look.ts";
import { quotedName } from "./quoted_name.ts";

/** A partition: `identity` and the others as of {@link Table}. */
interface Leaf {
  readonly identity: string;
  readonly sql: string;
  readonly keyed: boolean;
}

/** A table as the catalogue has it. */
interface Table {
  readonly topic: string;
  /** `public.users`. */
  readonly title: string;
  /** As SQL names it. */
  readonly sql: string;
  /** `d` default, `n` nothing, `f` full, `i` index. */
  readonly identity: string;
  readonly partitioned: boolean;
  /** Partitions with rows of their own: PostgreSQL asks each of them for its identity, and not their root. */
  readonly leaves: readonly Leaf[];
  readonly keyed: boolean;
  /** Which role reads the slot; null if none does. */
  readonly role: string | null;
  /** Whether that role may read the table; false if there is none. */
  readonly readable: boolean;
}

const TABLE_SQL = `
  SELECT c.relreplident AS identity, c.relkind = 'p' AS partitioned, (
           SELECT json_agg(json_build_object('identity', p.relreplident, 'sql', format('%I.%I', s.nspname, p.relname),
             'keyed', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p.oid AND i.indisprimary)) ORDER BY p.oid)
           FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid
           JOIN pg_namespace s ON s.oid = p.relnamespace
           WHERE t.isleaf AND p.oid <> c.oid
         ) AS leaves,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed,
         role.name AS role, has_table_privilege(role.name, c.oid, 'SELECT') AS readable
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    SELECT r.usename AS name FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid
    WHERE s.database = current_database() AND s.plugin = 'pgoutput' AND r.usename IS NOT NULL LIMIT 1
  ) role ON true
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`;

/** Whether each table that a topology reads can be told of, whole. */
export async function checkTables(
  findings: Findings,
  { client, needs, publication }: PostgresLook & { readonly publication: Publication | null },
): Promise<void> {
  for (const topic of needs.captured.keys()) {
    const name = tableOf(topic);
    if (name === null) {
      findings.notChecked(
        ["table", topic],
        "a topic of Debezium's is <prefix>.<schema>.<table>: whose it is, is not known",
      );
      continue;
    }
    const title = `${name.schema}.${name.table}`;
    const [row] = await postgresRows(client, { text: TABLE_SQL, values: [name.schema, name.table] });
    if (row === undefined) {
      findings.wrong(["table", title], {
        text: `there is no such table in the database, which "${topic}" would be of`,
      });
      continue;
    }
    const is = (value: string | null) => value === "t";
    const table = {
      topic,
      title,
      sql: `${quotedName(name.schema)}.${quotedName(name.table)}`,
      identity: row.identity!,
      partitioned: is(row.partitioned),
      leaves: JSON.parse(row.leaves ?? "[]"),
      keyed: is(row.keyed),
      role: row.role,
      readable: is(row.readable),
    };
    checkIdentity(findings, weakest(table), { before: needs.before.has(topic) });
    if (publication !== null) checkPublished(findings, { ...table, publication });
    checkRights(findings, table);
  }
}

/** A partitioned table is as its weakest partition is, and the statement is for all that are not FULL. */
function weakest(table: Table): Table & { readonly unidentified: readonly string[] } {
  const weak = table.leaves.filter(({ identity }) => identity !== "f");
  if (table.leaves.length === 0) return { ...table, unidentified: [table.sql] };
  if (weak.length === 0) return { ...table, identity: "f", unidentified: [] };
  const worst = weak.find(({ identity, keyed }) => identity === "n" || (identity === "d" && !keyed)) ?? weak[0];
  return { ...table, identity: worst.identity, keyed: worst.keyed, unidentified: weak.map(({ sql }) => sql) };
}

function checkIdentity(
  findings: Findings,
  table: ReturnType<typeof weakest>,
  { before }: { readonly before: boolean },
): void {
  const { title, identity, keyed } = table;
  const repair = postgres(table.unidentified.map((sql) => `ALTER TABLE ${sql} REPLICA IDENTITY FULL`).join("; "));
  if (identity === "f") return findings.ok(["replica_identity", title], "FULL");
  if (identity === "n" || (identity === "d" && !keyed)) {
    const is = identity === "n" ? "NOTHING" : "DEFAULT, without a primary key";
    return findings.wrong(["replica_identity", title], {
      text: `it is ${is}: PostgreSQL refuses UPDATE and DELETE while it is published`,
      repair,
    });
  }
  const is = identity === "i" ? "of an index" : "DEFAULT";
  if (before) {
    const text = `it is ${is}: changes do not have the row before, which a stream of this topology reads`;
    return findings.wrong(["replica_identity", title], { text, repair });
  }
  findings.warn(["replica_identity", title], {
    text:
      `it is ${is}: a large value (TOAST) that an UPDATE leaves as it is does not come with it, and is taken from ` +
      "the row known so far, if there is one",
    repair,
  });
}

function checkPublished(
  findings: Findings,
  { title, sql, partitioned, publication }: Table & { readonly publication: Publication },
): void {
  const { name, tables, viaRoot } = publication;
  if (partitioned && !viaRoot) {
    return findings.wrong(["partition_root", title], {
      text: `publication "${name}" publishes its partitions under their own names, each into a topic of its own`,
      repair: postgres(`ALTER PUBLICATION ${quotedName(name)} SET (publish_via_partition_root = true)`),
    });
  }
  if (partitioned) findings.ok(["partition_root", title], "publish_via_partition_root");
  if (tables.has(title)) return findings.ok(["published", title], `by "${name}"`);
  findings.wrong(["published", title], {
    text: `publication "${name}" does not have it: its changes never arrive. Send it again after the statement ` +
      "(incremental snapshot)",
    repair: postgres(`ALTER PUBLICATION ${quotedName(name)} ADD TABLE ${sql}`),
  });
}

function checkRights(findings: Findings, { title, sql, role, readable }: Table): void {
  if (role === null) {
    const why = "nobody reads a slot of this database, and the connector's role is known by that alone: start it";
    return findings.notChecked(["rights", title], why);
  }
  const who = `the connector's role "${role}"`;
  if (readable) return findings.ok(["rights", title], `${who} may read it`);
  findings.wrong(["rights", title], {
    text: `${who} may not read it: a snapshot of it fails`,
    repair: postgres(`GRANT SELECT ON ${sql} TO ${quotedName(role)}`),
  });
}
