import { type Admin, Kafka, logLevel } from "kafkajs";
import type { Log } from "../../../src/ports/log.ts";

/** As long as nothing new may come without its being the end: longer than two commits. */
const QUIET_MS = 3_000;

/** How far the application is, as its topics and its group tell. */
export interface PeerProgress {
  /** Resolves to when the last record was written, `performance.now()`, if nothing is left to be done; else null. */
  caughtUp(): Promise<number | null>;
  close(): Promise<void>;
}

/** Follows one application. */
export async function followPeer(
  log: Log,
  options: {
    readonly broker: string;
    readonly application: string;
    readonly output: string;
    /** Topics that its group reads. */
    readonly sources: readonly string[];
  },
): Promise<PeerProgress> {
  const { application, output } = options;
  const kafka = new Kafka({ brokers: [options.broker], clientId: "bench", logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  let seen = -1;
  let lastMs = performance.now();
  return {
    async caughtUp() {
      const internal = (await admin.listTopics()).filter((topic) =>
        topic.startsWith(`${application}-`) && !topic.endsWith("-changelog")
      );
      const written = await recordsOf(log, [output, ...internal]);
      if (written !== seen) lastMs = performance.now();
      seen = written;
      if (performance.now() - lastMs < QUIET_MS) return null;
      return await lagOf(admin, { log, application, topics: options.sources }) === 0 ? lastMs : null;
    },
    close: () => admin.disconnect(),
  };
}

async function recordsOf(log: Log, topics: readonly string[]): Promise<number> {
  const ends = await Promise.all(topics.map((topic) => log.offsets(topic)));
  return ends.reduce((sum, { end }) => sum + end.reduce((records, offset) => records + offset, 0), 0);
}

/** Source records that the group has not committed. */
async function lagOf(
  admin: Admin,
  { log, application, topics }: { readonly log: Log; readonly application: string; readonly topics: readonly string[] },
): Promise<number> {
  const committed = await admin.fetchOffsets({ groupId: application, topics: [...topics] });
  let lag = await recordsOf(log, topics);
  for (const { partitions } of committed) {
    for (const { offset } of partitions) lag -= Math.max(0, Number(offset));
  }
  return lag;
}
