import type pg from "pg";
import type { PostgresConfiguration } from "../config/database_variables.ts";
import type { RangedTruth } from "../verify/ranged_truth.ts";

/** The source's tables, looked at again and again. */
export interface ProofSource {
  /** Everything as it is now. To be closed soon. @throws Error when the source does not answer */
  open(): Promise<RangedTruth>;
  /**
   * Why the log may not have all changes yet that there were at the instant `mark`; null: it has them.
   * @throws Error when the source does not answer
   */
  unsent(mark: string): Promise<string | null>;
  close(): Promise<void>;
}

/** The demo store in a file. */
export async function demoSource(path: string): Promise<ProofSource> {
  const { openDemoTruth, unsentOfDemo } = await import("../verify/demo_truth.ts");
  return {
    // deno-lint-ignore require-await
    open: async () => openDemoTruth(path),
    // deno-lint-ignore require-await
    unsent: async (mark) => unsentOfDemo(path, mark),
    close: () => Promise.resolve(),
  };
}

/** What the connector has sent is what its replication slot no longer keeps. */
const SLOTS_SQL = `
  SELECT slot_name AS name, COALESCE(confirmed_flush_lsn >= $1::pg_lsn, false)::text AS passed
  FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()`;

/**
 * PostgreSQL, by one connection that is made anew when it breaks. The connector moves its replication slot on when the
 * log has acknowledged; which slot is its own nobody can tell, so all logical ones of the database must have come so
 * far.
 */
export async function postgresSource(configuration: PostgresConfiguration): Promise<ProofSource> {
  const { beginTruth, connectPostgres } = await import("../verify/postgres_truth.ts");
  let client: Promise<pg.Client> | null = null;
  const using = async <T>(use: (client: pg.Client) => Promise<T>): Promise<T> => {
    const connected = client ??= connectPostgres(configuration);
    try {
      return await use(await connected);
    } catch (error) {
      client = null;
      connected.then((broken) => broken.end()).catch(() => {});
      throw error;
    }
  };
  return {
    open: () => using(beginTruth),
    unsent: (mark) =>
      using(async (client) => {
        const slots = (await client.query(SLOTS_SQL, [mark])).rows as {
          readonly name: string;
          readonly passed: string;
        }[];
        if (slots.length === 0) return "PostgreSQL has no logical replication slot: no connector reads it";
        const behind = slots.filter(({ passed }) => passed !== "true").map(({ name }) => name);
        if (behind.length === 0) return null;
        return `the connector has not confirmed what PostgreSQL had then (replication slot ${behind.join(", ")})`;
      }),
    close: async () => void await client?.then((connected) => connected.end()).catch(() => {}),
  };
}
