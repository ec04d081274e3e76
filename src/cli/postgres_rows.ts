import type pg from "pg";

/** Texts by column, as PostgreSQL prints them; `t` and `f` for booleans. */
export type PostgresRow = Readonly<Record<string, string | null>>;

/** Rows of one question, through a connection that takes every value as text (`connectPostgres`). */
export async function postgresRows(
  client: pg.Client,
  question: string | { readonly text: string; readonly values: string[] },
): Promise<readonly PostgresRow[]> {
  const { rows } = await client.query(question);
  return rows;
}
