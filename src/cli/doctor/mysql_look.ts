import type { MysqlClient } from "../verify/mysql_client.ts";
import type { ConnectorReport } from "./connector_checks.ts";
import type { Needs } from "./needs.ts";

/** What is known when MySQL is looked at. */
export interface MysqlLook {
  readonly client: MysqlClient;
  readonly needs: Needs;
  readonly connector: Pick<ConnectorReport, "settings" | "patch">;
}
