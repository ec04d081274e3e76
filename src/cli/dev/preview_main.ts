/** The process that counts what a change will do to the tables: begun by `dev`, and over with its answer. */
import { connect, type ConnectedDatabase } from "../../adapters/clickhouse/connection.ts";
import { withClickHouse } from "../clickhouse_client.ts";
import { type Configuration, loadConfiguration } from "../config/configuration.ts";
import { pathsIn } from "../embedded_directory.ts";
import { messageLine, messagesOf } from "../proof/messages.ts";
import { lowerPriority } from "../proof/lower_priority.ts";
import { loadRunnable, type TopologyFile } from "../topology_files.ts";
import type { Truth } from "../verify/truth.ts";
import type { FromPreview, PreviewBegin } from "./preview_messages.ts";
import { previewTables } from "./previewed_tables.ts";

async function main(): Promise<void> {
  lowerPriority();
  const incoming = messagesOf<PreviewBegin>(Deno.stdin.readable);
  const begin = (await incoming.next()).value as PreviewBegin | undefined;
  if (begin === undefined) return;
  // Whoever began this has ended: nobody reads any more.
  incoming.next().then(() => Deno.exit(0));
  await previewAll(begin).catch((error: Error) => write(begin, { kind: "failed", reason: error.message }));
  Deno.exit(0);
}

async function previewAll(begin: PreviewBegin): Promise<void> {
  const configuration = { ...loadConfiguration(), dataDirectory: begin.dataDirectory };
  const { files } = await loadRunnable(begin.topologiesDirectory, begin.files);
  await withClickHouse({ configuration, access: "reader" }, async ({ options }) => {
    const { database, cluster } = options;
    const shown = { connection: connect(options), database, ...cluster === undefined ? {} : { cluster } };
    for (const file of files) await previewOne(file, { begin, configuration, shown });
    await shown.connection.close();
  });
}

/** What one topology is looked at with. */
interface Looking {
  readonly begin: PreviewBegin;
  readonly configuration: Configuration;
  readonly shown: ConnectedDatabase;
}

async function previewOne({ topology }: TopologyFile, { begin, configuration, shown }: Looking): Promise<void> {
  const { name } = topology;
  try {
    const truth = await openTruth(configuration);
    try {
      const at = new Date().toISOString();
      const onStep = (step: string) => write(begin, { kind: "step", topology: name, step });
      const tables = await previewTables(topology, { truth, shown, onStep });
      write(begin, { kind: "counted", topology: name, counted: { at, tables } });
    } finally {
      await truth.close();
    }
  } catch (error) {
    write(begin, { kind: "refused", topology: name, reason: (error as Error).message });
  }
}

async function openTruth({ kafka, mysql, postgres, proof, dataDirectory }: Configuration): Promise<Truth> {
  if (kafka === null) return (await import("../verify/demo_truth.ts")).openDemoTruth(pathsIn(dataDirectory).store);
  if (mysql !== null) return await (await import("../verify/mysql_truth.ts")).openMysqlTruth(mysql);
  return await (await import("../verify/postgres_truth.ts")).openPostgresTruth(postgres ?? proof.database!);
}

function write({ mark }: PreviewBegin, message: FromPreview): void {
  const bytes = messageLine(message, mark);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

if (import.meta.main) await main();
