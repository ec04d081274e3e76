import type { Log } from "../../../src/ports/log.ts";
import { cpuSecondsOf } from "../usage.ts";
import { type AppFigures, measureProcess, seenWhile } from "./measured_process.ts";
import { appendNewItem } from "./new_item.ts";
import { followPeer } from "./peer_progress.ts";
import { startPeer } from "./peer_process.ts";
import type { PeerJava } from "./peer_app.ts";

/** Where Kafka Streams is measured, and on what. */
export interface PeerMeasurement {
  readonly java: PeerJava;
  readonly log: Log;
  readonly broker: string;
  readonly brokerPid: number;
  readonly variant: string;
  readonly directory: string;
}

const SOURCES = ["users", "sellers", "products", "orders", "order_items"].map((table) =>
  `online_store.public.${table}`
);
/** Global tables are read outside of the group. */
const GROUP_SOURCES = { fk: SOURCES, global: SOURCES.slice(3) } as const;
const PARTITIONS = 6;
const LOOK_EVERY_MS = 200;
const POLL_MS = 20;

/** Kafka Streams from nothing until all is written, then a start on its changelogs with one new item. */
export async function measurePeer(options: PeerMeasurement): Promise<AppFigures> {
  const { log, brokerPid, variant } = options;
  const application = `bench-peer-${variant}`;
  const output = `${application}-out`;
  // State in memory; a task never waits for its other inputs, as Weir's do not.
  const app = { ...options, program: "SalesPeer", application, output, args: ["--store", "memory", "--idle", "-1"] };
  await log.createTopic({ name: output, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  const progress = await followPeer(log, { ...app, sources: GROUP_SOURCES[variant as keyof typeof GROUP_SOURCES] });
  const brokerSeconds = cpuSecondsOf(brokerPid);

  let beganMs = performance.now();
  let peer = startPeer(app);
  let process = measureProcess(peer.pid);
  const endMs = await seenWhile(peer, LOOK_EVERY_MS, progress.caughtUp);
  const figures = {
    seconds: (endMs - beganMs) / 1000,
    cpuSeconds: process.cpuSeconds(),
    brokerCpuSeconds: cpuSecondsOf(brokerPid) - brokerSeconds,
    peakBytes: process.peakBytes(),
  };
  await peer.stop();
  process.stop();

  const item = await appendNewItem(log);
  const seesItem = await outputWatch(log, { topic: output, item });
  beganMs = performance.now();
  peer = startPeer(app);
  process = measureProcess(peer.pid);
  let firstRowSeconds: number | null = null;
  const restartSeconds = await seenWhile(peer, 1, async () => {
    if (firstRowSeconds === null && await seesItem.poll()) firstRowSeconds = (performance.now() - beganMs) / 1000;
    return firstRowSeconds === null || peer.runningMs === null ? null : (peer.runningMs - beganMs) / 1000;
  });
  const restartPeakBytes = process.peakBytes();
  await peer.stop();
  process.stop();
  await seesItem.close();
  await progress.close();
  return { ...figures, restartSeconds, firstRowSeconds: firstRowSeconds!, restartPeakBytes };
}

/** Reads the output from its present end and looks for the complete row of an item. */
async function outputWatch(log: Log, { topic, item }: { readonly topic: string; readonly item: number }) {
  const reader = log.reader();
  const { end } = await log.offsets(topic);
  end.forEach((offset, partition) => reader.seek(topic, partition, offset));
  const decoder = new TextDecoder();
  return {
    async poll(): Promise<boolean> {
      for (const { records } of await reader.poll(POLL_MS)) {
        for (const { value } of records) {
          if (value === null) continue;
          const row = JSON.parse(typeof value === "string" ? value : decoder.decode(value));
          if (row.id === item && [row.status, row.product_name, row.seller_name, row.user_country].every(Boolean)) {
            return true;
          }
        }
      }
      return false;
    },
    close: () => reader.close(),
  };
}
