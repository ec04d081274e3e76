import type pg from "pg";
import type { ConnectorSettings } from "./connector_rules.ts";
import type { Needs } from "./needs.ts";

/** What is known of the connector: what it says itself, or what the database shows. */
export interface PostgresLook {
  readonly client: pg.Client;
  readonly needs: Needs;
  readonly settings: ConnectorSettings | null;
}

/** A publication, and which tables it has. */
export interface Publication {
  readonly name: string;
  readonly viaRoot: boolean;
  readonly all: boolean;
  /** `schema.table`; partitions for themselves, or their roots. */
  readonly tables: ReadonlySet<string>;
}
