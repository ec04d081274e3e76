import { openClickHouse } from "../../adapters/clickhouse/open_clickhouse.ts";
import type { EmbeddedClickHouse } from "../../adapters/embedded_clickhouse/clickhouse.ts";
import { openLocalSnapshots } from "../../adapters/local/snapshots.ts";
import { openEmbeddedDeadLetters } from "../../adapters/local/dead_letters.ts";
import { type EmbeddedLog, openEmbeddedLog } from "../../adapters/embedded_log/log.ts";
import { systemClock } from "../../adapters/local/system_clock.ts";
import { FEEDS, openDemoStore, type StoreSizes, topicOf } from "../../demo/mod.ts";
import { BusyTables } from "../../runtime/busy_tables.ts";
import { embeddedLogin } from "../clickhouse_client.ts";
import { dataArgument } from "../data_option.ts";
import { accountNames } from "../embedded_accounts.ts";
import { endingNow, writeLastMoment } from "../last_moment.ts";
import { ADDRESS, openDirectory, pathsIn } from "../embedded_directory.ts";
import { writeCommand } from "../write_command.ts";
import { produceRoute } from "../produce/produce_route.ts";
import { openingPart } from "../directory_error.ts";
import { exists } from "../../adapters/local/exists.ts";
import { DemoSource } from "./demo_source.ts";
import type { World, WorldOptions } from "./world.ts";

/** How the demo store is run. */
export interface DemoOptions {
  readonly ratePerSecond: number;
  readonly seed: number | undefined;
  readonly sizes: StoreSizes;
}

/**
 * Opens the data directory: log, dead letters, ClickHouse in a child process, and the demo store unless `demo` is null.
 * @throws ConfigError when another process has the directory, or it holds a demo store of another seed
 */
export async function openEmbeddedWorld(options: WorldOptions & { readonly demo: DemoOptions | null }): Promise<World> {
  const { configuration, onEvent, signal } = options;
  const paths = pathsIn(configuration.dataDirectory);
  const onWait = (text: string) => onEvent({ level: "info", name: "waiting", text });
  const directory = await openDirectory(configuration.dataDirectory, { onWait, signal });
  const opened: (() => void | Promise<void>)[] = [];
  try {
    reportExits(directory.clickhouse, onEvent);
    reportAccounts(configuration.dataDirectory, onEvent);
    const opening = <T>(open: () => T) => openingPart(configuration.dataDirectory, open);
    const log = await opening(() => openEmbeddedLog({ path: paths.log }));
    opened.push(() => log.close());
    log.maintain();
    const deadLetters = await opening(() => openEmbeddedDeadLetters({ path: paths.deadLetters, alone: true }));
    opened.push(() => deadLetters.close());
    const { url } = directory.clickhouse;
    const warehouse = openClickHouse({
      url,
      database: configuration.database,
      advise: (statement) => writeCommand(configuration.dataDirectory, statement),
      ...embeddedLogin(directory.accounts.writer),
    });
    opened.push(() => warehouse.close());
    const demo = options.demo === null
      ? null
      : await opening(() => openDemo(options.demo!, { path: paths.store, log, onEvent }));
    if (demo !== null) opened.push(() => demo.close());
    writeLastMoment(configuration.dataDirectory, null);
    opened.push(() => writeLastMoment(configuration.dataDirectory, endingNow(Date.now())));
    return {
      mode: "embedded",
      ports: {
        log: { ...log, missingTopicAdvice: topicAdvice(configuration.dataDirectory, demo) },
        warehouse,
        clock: systemClock,
        random: { next: Math.random },
        metrics: options.metrics,
        deadLetters,
        snapshots: openLocalSnapshots(paths.snapshots),
        busyTables: new BusyTables(systemClock),
      },
      addresses: { [ADDRESS.clickhouse]: url, [ADDRESS.reader]: directory.clickhouse.readerUrl },
      demo,
      produce: produceRoute(log, directory.accounts.writer.password),
      // Who may read the embedded ClickHouse.
      storePassword: configuration.storePassword?.reveal() ?? directory.accounts.reader.password,
      reader: {
        url: directory.clickhouse.readerUrl,
        database: configuration.database,
        ...embeddedLogin(directory.accounts.reader),
      },
      letters: deadLetters.stored,
      publish: (addresses) => directory.lock.publish(addresses),
      close: () => closeAll([directory.close, ...opened]),
      discard: () => closeAll([directory.discard, ...opened]),
    };
  } catch (error) {
    await closeAll([directory.close, ...opened]);
    throw error;
  }
}

/** In embedded mode no connector makes topics: the demo store makes its own, and people theirs. */
function topicAdvice(directory: string, demo: DemoSource | null): string {
  const written = `Write its records with: deno task produce${dataArgument(directory)} <topic> < file.jsonl`;
  return demo === null
    ? `Nobody writes without the demo store. ${written}`
    : `The demo store has only ${FEEDS.map(topicOf).join(", ")}. Correct the name in the topology. ${written}`;
}

/** The youngest first. */
async function closeAll(opened: readonly (() => void | Promise<void>)[]): Promise<void> {
  for (const close of opened.toReversed()) await close();
}

function reportExits(clickhouse: EmbeddedClickHouse, onEvent: WorldOptions["onEvent"]): void {
  clickhouse.onExit(({ pid, code, signal, restartMs }) => {
    if (restartMs === null) return;
    const how = signal === null ? `status ${code}` : signal;
    onEvent({
      level: "warn",
      name: "clickhouse ended",
      text: `The embedded ClickHouse (process ${pid}) ended with ${how} and is started again`,
      fields: { pid, code, signal, restartMs },
    });
  });
}

/** Who may use ClickHouse, and where the passwords are: they themselves are in no log. */
function reportAccounts(directory: string, onEvent: WorldOptions["onEvent"]): void {
  const { writer, reader } = accountNames(directory);
  const data = dataArgument(directory);
  onEvent({
    level: "info",
    name: "clickhouse accounts",
    text:
      `SQL: deno task query${data} "SELECT ...". Other clients use ClickHouse's ${ADDRESS.reader} address as user ` +
      `"${reader.user}" with the password in ${reader.file}; to write, "${writer.user}" with ${writer.file}`,
    fields: { reader, writer },
  });
}

function openDemo(
  demo: DemoOptions,
  { path, log, onEvent }: { path: string; log: EmbeddedLog; onEvent: WorldOptions["onEvent"] },
): DemoSource {
  const fresh = !exists(path);
  if (fresh) {
    onEvent({
      level: "info",
      name: "demo store",
      text: `Making the demo store: ${demo.sizes.orders} orders, ${demo.sizes.products} products, ` +
        `${demo.sizes.users} users`,
      fields: { fresh, sizes: demo.sizes },
    });
  }
  const store = openDemoStore({ path, log, clock: systemClock, seed: demo.seed, sizes: demo.sizes });
  if (!fresh) {
    const changes = store.changesWritten();
    onEvent({
      level: "info",
      name: "demo store",
      text: `The demo store goes on after ${changes} changes (seed ${store.seed})`,
      fields: { fresh, changes, seed: store.seed },
    });
  }
  return new DemoSource(store, { ratePerSecond: demo.ratePerSecond });
}
