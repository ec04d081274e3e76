import { ClickHouseError } from "@clickhouse/client";
import { ProductionError } from "../../record/errors.ts";
import type { ClusterOptions } from "./cluster.ts";
import { literal } from "../../record/clickhouse_names.ts";

/** An endpoint, and what asks it. */
export interface Endpoint<Client> {
  /** Without user and password. */
  readonly url: string;
  readonly client: Client;
}

/** How endpoints are used. */
export interface EndpointOptions<Client> {
  /** Gives the rows of a SELECT. */
  readonly ask: (client: Client, sql: string) => Promise<readonly Record<string, unknown>[]>;
  readonly cluster: ClusterOptions | undefined;
}

/** Endpoints of which the first that answers is used, and kept until it does not. */
export interface Endpoints<Client> {
  /**
   * Runs a request. `repeatable`: one that may have arrived is sent to the next endpoint; of others only those are that
   * cannot have, as nobody took the connection. Else whoever asks repeats it, and finds the next endpoint.
   */
  use<T>(how: "repeatable" | "once", run: (client: Client) => Promise<T>): Promise<T>;
}

/** So long the start waits for endpoints that it does not need; one that is silent is asked again before it is used. */
const OTHERS_MS = 5_000;

/**
 * Before the first request each endpoint is asked who it is, and one that does not answer before it is used. Where
 * there is one alone and no cluster, nobody is asked.
 */
export function endpointsOf<Client>(
  endpoints: readonly Endpoint<Client>[],
  { ask, cluster }: EndpointOptions<Client>,
): Endpoints<Client> {
  const known = new Map<number, Identity>();
  let current = 0;

  async function requireKnown(index: number): Promise<void> {
    if (known.has(index) || (endpoints.length === 1 && cluster === undefined)) return;
    const { url, client } = endpoints[index];
    const [row] = await ask(client, identityQuery(cluster));
    if (known.has(index)) return;
    const identity: Identity = { url, is: String(row?.identity ?? ""), shards: Number(row?.shards ?? 1) };
    refuseOther(identity, { first: known.values().next().value, cluster });
    known.set(index, identity);
  }

  let others: Promise<unknown> | null = null;

  /** Waits for them, so that what is configured wrong is told at the start, and not in the night of the failure. */
  async function requireOthers(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, OTHERS_MS));
    const asked = endpoints.map((_, index) =>
      requireKnown(index).catch((error) => {
        if (!isOutage(error)) throw error;
      })
    );
    await Promise.race([late, Promise.all(asked)]).finally(() => clearTimeout(timer));
  }

  return {
    async use(how, run) {
      for (let tried = 1;; tried++) {
        const index = current;
        try {
          await requireKnown(index);
          await (others ??= requireOthers());
        } catch (error) {
          if (tried >= endpoints.length || !isOutage(error)) throw error;
          current = next(index, { current, of: endpoints.length });
          continue;
        }
        try {
          return await run(endpoints[index].client);
        } catch (error) {
          if (!isOutage(error)) throw error;
          current = next(index, { current, of: endpoints.length });
          if (tried >= endpoints.length || (how === "once" && !neverArrived(error))) throw error;
        }
      }
    },
  };
}

/** Of several requests that failed at one endpoint the first moves on. */
function next(failed: number, { current, of }: { readonly current: number; readonly of: number }): number {
  return current === failed ? (failed + 1) % of : current;
}

/** Who an endpoint is: the server, or the cluster that it knows by the name. */
interface Identity {
  readonly url: string;
  readonly is: string;
  readonly shards: number;
}

export function identityQuery(cluster: ClusterOptions | undefined): string {
  if (cluster === undefined) return "SELECT toString(serverUUID()) AS identity, 1 AS shards";
  const replica = "concat(toString(shard_num), ':', host_name, ':', toString(port))";
  return `SELECT arrayStringConcat(arraySort(groupArray(${replica})), ' ') AS identity, ` +
    `uniqExact(shard_num) AS shards FROM system.clusters WHERE cluster = ${literal(cluster.name)}`;
}

/** @throws ProductionError that says what to configure */
function refuseOther(
  { url, is, shards }: Identity,
  { first, cluster }: { readonly first: Identity | undefined; readonly cluster: ClusterOptions | undefined },
): void {
  const refuse = (text: string) => {
    throw new ProductionError(text, { retriable: false, reason: "setup" });
  };
  const [here, there] = [url, first?.url ?? url];
  if (cluster !== undefined && is === "") {
    refuse(
      `Cannot use ${here} as a replica of cluster "${cluster.name}": it knows no cluster of this name. See ` +
        "SELECT * FROM system.clusters, and set CLICKHOUSE_CLUSTER",
    );
  }
  if (cluster !== undefined && shards > 1) {
    refuse(
      `Cannot keep tables on cluster "${cluster.name}" of ${here}: it has ${shards} shards. Rows are replaced and ` +
        "read back exactly on the replicas of one shard alone: an insert through a Distributed table with a quorum " +
        "may be acknowledged and lost. Name a cluster of one shard",
    );
  }
  if (first === undefined || first.is === is) return;
  if (cluster === undefined) {
    refuse(
      `Cannot use ${here} in place of ${there}: they are different servers, each of which would have a part of the ` +
        "rows. Replicas of one cluster need CLICKHOUSE_CLUSTER; otherwise name one of them in CLICKHOUSE_URL",
    );
  }
  refuse(
    `Cannot use ${here} in place of ${there}: their clusters "${cluster!.name}" have other replicas (${is} and ` +
      `${first.is}). Name endpoints of one cluster in CLICKHOUSE_URL`,
  );
}

/**
 * Answers of a replica that another one may answer better: it has lost Keeper, is read-only, or has not yet what was
 * acknowledged. TABLE_IS_READ_ONLY, NO_ZOOKEEPER, KEEPER_EXCEPTION, REPLICA_IS_NOT_IN_QUORUM, ALL_REPLICAS_LOST, and
 * those of its own connections.
 */
const ELSEWHERE_CODES = new Set([...[242, 225, 999, 289, 415], ...[209, 210, 279]]);

/** Not an answer of ClickHouse, but of network, proxy or process; or one that is of this replica alone. */
function isOutage(error: unknown): boolean {
  if (error instanceof ProductionError) return error.retriable && error.reason === undefined;
  return !(error instanceof ClickHouseError) || ELSEWHERE_CODES.has(Number(error.code));
}

/** Nobody took the connection. */
function neverArrived(error: unknown): boolean {
  const codes = error instanceof AggregateError ? error.errors : [error];
  return codes.length > 0 &&
    codes.every((one) =>
      /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(String((one as { code?: unknown })?.code))
    );
}
