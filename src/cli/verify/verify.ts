import { openEmbeddedLog } from "../../adapters/embedded_log/log.ts";
import type { Log } from "../../ports/log.ts";
import { connect } from "../../adapters/clickhouse/connection.ts";
import type { ConnectionOptions } from "../../adapters/clickhouse/open_clickhouse.ts";
import type { Topology } from "../../dsl/topology.ts";
import { ConfigError } from "../../record/errors.ts";
import { withClickHouse } from "../clickhouse_client.ts";
import type { Configuration } from "../config/configuration.ts";
import { command, flag, value } from "../command.ts";
import { configurationOf, dataOption, topologiesOption } from "../data_option.ts";
import { pathsIn } from "../embedded_directory.ts";
import { readLastMoment } from "../last_moment.ts";
import { readDuration } from "../option_values.ts";
import { readStale, staleLines } from "../stale_report.ts";
import { loadTopologies } from "../topology_files.ts";
import { backlogLines } from "./backlog.ts";
import { expires, type Moments, passingMoments, pastMoments } from "./moments.ts";
import { writeProof } from "./proof.ts";
import { maskedReport } from "./masked_report.ts";
import { reportLines } from "./report_text.ts";
import { restInstance } from "./resting_instance.ts";
import type { Truth } from "./truth.ts";
import { isJsonTable } from "./json_tables.ts";
import { isProven, isWhole, type VerifyReport, verifyTopologies } from "./verify_topologies.ts";

const WAIT_DEFAULT_MS = 60_000;
const AGAIN_AFTER_MS = 1_000;
const NOT_WHOLE_STATUS = 3;
/** A row that expires has left ClickHouse within this time, of an instance at rest and of others. */
const LAG_MS = 3_000;
const REAL_LAG_MS = 10_000;

/** Compares every sink with the source; status 1 on any difference, 3 if rows had to be left out. */
export const verifyCommand = command({
  name: "verify",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    data: dataOption,
    topologies: topologiesOption,
    wait: value({
      placeholder: "TIME",
      expected: "a duration such as 60s",
      help: "How long running topologies may take to catch up (default 60s).",
      read: readDuration,
    }),
    json: flag("Prints the whole report as JSON."),
  },
  description: [
    "Recomputes every sink from the source's tables with an interpreter of its own, and compares it row by row " +
    "with ClickHouse: with",
    "the view, and with the stored rows without FINAL. Changes nothing. Status 1 on any difference; 3 if all is " +
    "equal, but rows",
    "could not be read, computed or written to their sink, and so are left out on both sides.",
    "The source is the demo store (an instance that runs on the data directory holds it meanwhile), or " +
    "PostgreSQL when Kafka is",
    "configured: POSTGRES_URL, or PGHOST, PGPORT, PGDATABASE, PGUSER and POSTGRES_PASSWORD_FILE; or MySQL or " +
    "MariaDB: MYSQL_URL and",
    "MYSQL_PASSWORD_FILE. There the comparison is repeated until it is equal or the time is over: write nothing to " +
    "the database meanwhile.",
  ].join("\n"),
  examples: ["deno task verify", "deno task verify sales --wait 2m"],
  run: async ({ operands, options }) => {
    const configuration = configurationOf(options);
    const files = await loadTopologies(configuration.topologiesDirectory, operands);
    const topologies = files.map(({ topology }) => topology);
    const startedMs = performance.now();
    const asked = { configuration, topologies, named: operands.length > 0, waitMs: options.wait ?? WAIT_DEFAULT_MS };
    const { report: found, notes, failed = [] } = configuration.kafka === null
      ? await verifyEmbedded(asked)
      : await verifyReal(asked);
    const report = maskedReport(found, topologies);
    // What a failed topology shows can be equal by chance only.
    const equal = isProven(report) && failed.length === 0;
    const compared = new Set(report.sinks.map(({ topology }) => topology));
    const stale = readStale(configuration.dataDirectory).filter(({ topology }) => compared.has(topology));
    writeProof(configuration.dataDirectory, {
      time: new Date().toISOString(),
      equal,
      sinks: report.sinks.length,
      rows: report.sinks.reduce((sum, { view }) => sum + view.rows, 0),
    });
    const durationMs = Math.round(performance.now() - startedMs);
    if (options.json) console.log(JSON.stringify({ equal, durationMs, notes, failed, stale, ...report }));
    else {
      const lines = [
        ...reportLines(report, { data: configuration.dataDirectory }),
        ...staleLines(stale),
        ...(equal ? [] : [...failed, ...notes]),
        `Took ${(durationMs / 1000).toFixed(1)} s`,
      ];
      console.log(lines.join("\n"));
    }
    return !equal ? 1 : isWhole(report) ? 0 : NOT_WHOLE_STATUS;
  },
});

interface VerifyRequest {
  readonly configuration: Configuration;
  readonly topologies: readonly Topology[];
  /** The topologies were named, not just all there are. */
  readonly named: boolean;
  readonly waitMs: number;
}

interface Verified {
  readonly report: VerifyReport;
  /** What may explain differences. */
  readonly notes: readonly string[];
  /** Why topologies among those that were asked for do not run on the instance, one line each. */
  readonly failed?: readonly string[];
}

function verifyEmbedded({ configuration, topologies, named, waitMs }: VerifyRequest): Promise<Verified> {
  const paths = pathsIn(configuration.dataDirectory);
  const open = async (): Promise<Truth> =>
    showsTables(topologies) ? (await import("./demo_truth.ts")).openDemoTruth(paths.store) : NO_TRUTH;
  return withClickHouse({ configuration, access: "reader" }, async ({ options, instance }) => {
    if (instance === null) {
      const ended = readLastMoment(configuration.dataDirectory);
      const moments = ended === null ? passingMoments(LAG_MS) : pastMoments(ended);
      const log = openEmbeddedLog({ path: paths.log });
      const report = await compareOnce({ topologies, open, log, clickhouse: options, moments })
        .finally(() => log.close());
      return {
        report,
        notes: [...await backlogLines(paths, report), ...(ended === null ? expiredLines(topologies) : [])],
      };
    }
    const resting = await restInstance(instance, waitMs);
    try {
      const running = topologies.filter((topology) => named || resting.topologies.includes(topology.name));
      const left = topologies.filter((topology) => !running.includes(topology)).map(({ name }) => name);
      const log = "an instance runs on the data directory and has its log: stop it, then verify again";
      const moments = passingMoments(LAG_MS);
      const report = await compareOnce({ topologies: running, open, log, clickhouse: options, moments });
      const stale = running.filter((topology) => !resting.topologies.includes(topology.name)).map(({ name }) => name);
      return {
        report: { ...report, neverStarted: [...report.neverStarted, ...left] },
        failed: resting.failed.filter(({ name }) => running.some((topology) => topology.name === name))
          .map(({ name, reason }) => `${name} failed on the running instance: ${reason}`),
        notes: [
          ...resting.unfinished.map((line) => `Not applied within ${waitMs / 1000} s: ${line}`),
          ...stale.map((name) => `"${name}" is not run by the instance, so its sinks are as old as its last run`),
        ],
      };
    } finally {
      await resting.release();
    }
  });
}

/** What may explain rows that are too old, where nobody knows when the last instance ended. */
function expiredLines(topologies: readonly Topology[]): string[] {
  const names = topologies.filter(expires).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `Rows of ${names.join(", ")} expire, and the last instance was killed: those that expired since are still shown. ` +
    "Start it once, then verify again",
  ];
}

async function verifyReal({ configuration, topologies, waitMs }: VerifyRequest): Promise<Verified> {
  const { postgres, mysql, kafka } = configuration;
  if (postgres === null && mysql === null && showsTables(topologies)) {
    throw new ConfigError([
      "Cannot verify without the source: PostgreSQL is not configured. Set POSTGRES_URL, or PGHOST, PGPORT, " +
      "PGDATABASE, PGUSER and POSTGRES_PASSWORD_FILE; for MySQL or MariaDB set MYSQL_URL",
    ]);
  }
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  const { kafkaOptions } = await import("../start/real_world.ts");
  const { configuredSchemas, decodedFor } = await import("../start/schema_registry.ts");
  const open = async (): Promise<Truth> => {
    if (mysql !== null) return (await import("./mysql_truth.ts")).openMysqlTruth(mysql);
    return postgres === null ? NO_TRUTH : (await import("./postgres_truth.ts")).openPostgresTruth(postgres);
  };
  const plain = openKafka(kafkaOptions(kafka!, () => {}));
  const registry = configuredSchemas(configuration.registry);
  return await withClickHouse({ configuration, access: "reader" }, async ({ options }) => {
    const log = await decodedFor(plain, { schemas: registry.schemas, topologies });
    for (const deadlineMs = Date.now() + waitMs;;) {
      const report = await compareOnce({
        topologies,
        open,
        log,
        clickhouse: options,
        moments: passingMoments(REAL_LAG_MS),
      });
      const over = Date.now() + AGAIN_AFTER_MS > deadlineMs;
      if (isProven(report) || report.sinks.length === 0 || over) {
        return {
          report,
          notes: [
            `Still so after ${waitMs / 1000} s. Are the topologies running, and is nobody writing to the database?`,
          ],
        };
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }).finally(async () => {
    registry.close();
    await plain.close();
  });
}

/**
 * Whether tables of the database are shown: not only topics of plain JSON or results of streams, nor looked up by
 * streams alone.
 */
function showsTables(topologies: readonly Topology[]): boolean {
  return topologies.some(({ nodes }) =>
    nodes.some((node) => node.op === "sink") &&
    nodes.some((node) => node.op === "source" && !isJsonTable(node.source))
  );
}

/** Where no topology shows tables of sources. */
const NO_TRUTH: Truth = { name: "nothing", rows: () => Promise.resolve([]), close: () => Promise.resolve() };

/** The truth is looked at first: what is applied later is newer, and shows as a difference instead of hiding one. */
async function compareOnce(
  { topologies, open, log, clickhouse, moments }: {
    readonly topologies: readonly Topology[];
    readonly moments: Moments;
    readonly open: () => Promise<Truth>;
    readonly log: Log | string;
    readonly clickhouse: ConnectionOptions;
  },
): Promise<VerifyReport> {
  const connection = connect(clickhouse);
  try {
    const truth = await open();
    try {
      const shown = { connection, database: clickhouse.database };
      return await verifyTopologies(topologies, { truth, log, shown, moments });
    } finally {
      await truth.close();
    }
  } finally {
    await connection.close();
  }
}
